/** How much of a call is kept is the server's to say, and its clients may ask for less: seen from outside. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startRig } from "./rig.ts";
import { startScripted } from "./scripted-upstream.ts";
import { storedText } from "./stored-text.ts";
import { until } from "./until.ts";

const json = { "content-type": "application/json", "user-agent": "levels/1" };
const token = () => randomBytes(16).toString("hex");

/** Answers with what was asked, and keeps the fields it got. */
async function startEcho(arrived: IncomingHttpHeaders[]) {
  return startScripted(async ({ request, response, body }) => {
    arrived.push(request.headers);
    const { id, params } = JSON.parse(await body());
    const result = { content: [{ type: "text", text: params.arguments.said }] };
    response.writeHead(200, json).end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  });
}

let lastId = 0;
async function call(url: string, said: string, asks?: string): Promise<number> {
  lastId += 1;
  const params = { name: "speak", arguments: { said, password: `p-${said}` } };
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...json, ...(asks === undefined ? {} : { "x-hookwatch-capture": asks }) },
    body: JSON.stringify({ jsonrpc: "2.0", id: lastId, method: "tools/call", params }),
  });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain(said);
  return lastId;
}

test("each level keeps what it says, from the next call on, and the account is exact", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-levels-"));
  const arrived: IncomingHttpHeaders[] = [];
  const said = {
    off: token(),
    metadata: token(),
    redacted: token(),
    full: token(),
    asked: token(),
  };
  try {
    await using upstream = await startEcho(arrived);
    await using rig = await startRig({ dataDir });
    const { server, url } = await rig.register(upstream.url);
    expect(server).toMatchObject({ capture_level: "redacted" });
    const ids: Record<string, number> = {};
    for (const level of ["off", "metadata", "redacted", "full"] as const) {
      const changed = await rig.api.changeServer(server.id, { capture_level: level });
      expect(changed).toMatchObject({ capture_level: level });
      ids[level] = await call(`${url}?q=${said[level]}`, said[level]);
    }
    await call(url, said.asked, "off");
    ids.asked = await call(url, said.asked, "metadata");
    const calls = await rig.untilCalls({ server_id: server.id }, (all) => all.length >= 4);
    const of = (name: string) => calls.find(({ rpc_id }) => rpc_id === `${ids[name]}`);

    expect(of("off")).toBeUndefined();
    for (const name of ["metadata", "asked"]) {
      expect(of(name)).toMatchObject({
        ...{ method: "tools/call", tool_name: "speak", status: "success", path: "", headers: {} },
        ...{
          request_body: "",
          response_body: "",
          request_truncated: true,
          response_truncated: true,
        },
      });
      expect(of(name)?.request_bytes).toBeGreaterThan(0);
    }
    expect(of("redacted")?.request_body).toContain(`"said":"${said.redacted}"`);
    expect(of("redacted")?.request_body).not.toContain(`p-${said.redacted}`);
    expect(of("redacted")?.path).toMatch(/^\?q=\[redacted:value:[0-9a-f]{8}\]$/);
    expect(of("full")?.request_body).toContain(`"password":"p-${said.full}"`);
    expect(of("full")?.headers).toMatchObject({ "user-agent": "levels/1" });

    const figures = await until(
      "the account",
      5_000,
      () => fetch(`${rig.url}/metrics`).then((answer) => answer.text()),
      (text) => figure(text, "calls_stored_total") === 4,
    );
    expect(figure(figures, "calls_not_captured_total")).toBe(2);
    expect(figure(figures, "calls_accepted_total")).toBe(4);
    expect(figure(figures, "exchanges_seen_total")).toBe(4);
    const stored = await storedText(dataDir);
    expect(stored).toContain(said.redacted);
    for (const secret of [said.off, said.metadata, said.asked, `p-${said.redacted}`]) {
      expect(stored.includes(secret)).toBe(false);
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

test("a client may not ask for more, and what it asks goes no further than to us", async () => {
  const arrived: IncomingHttpHeaders[] = [];
  await using upstream = await startEcho(arrived);
  await using rig = await startRig();
  const { server, url } = await rig.register(upstream.url);
  await rig.api.changeServer(server.id, { capture_level: "metadata" });
  for (const asks of ["full", "redacted", "everything", ""]) await call(url, token(), asks);
  await rig.api.changeServer(server.id, { capture_level: "off" });
  for (const asks of ["full", "metadata"]) await call(url, token(), asks);
  const calls = await rig.untilCalls({ server_id: server.id }, (all) => all.length >= 4);
  expect(calls).toHaveLength(4);
  for (const { request_body, headers } of calls) expect([request_body, headers]).toEqual(["", {}]);
  expect(arrived).toHaveLength(6);
  for (const fields of arrived) expect(fields).not.toHaveProperty("x-hookwatch-capture");
});

test("a level that is none is refused by name", async () => {
  await using rig = await startRig();
  const { server } = await rig.register("http://127.0.0.1:9/mcp");
  for (const capture_level of ["all", "", null, 1, "FULL"]) {
    await expect(rig.api.changeServer(server.id, { capture_level })).rejects.toThrow(
      /400 .*capture_level/,
    );
  }
});

function figure(text: string, name: string): number {
  return Number(new RegExp(`^hookwatch_${name} (\\d+)$`, "m").exec(text)?.[1]);
}
