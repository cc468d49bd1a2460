import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { callOf, engines, fieldError, now, openRig, type Rig } from "../../test/api/rig.ts";
import type { Call } from "../call.ts";
import { Problem } from "../problem.ts";
import type { CallLog } from "../store/call-log.ts";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { csvHead } from "./csv.ts";
import type { WireCall, WireCallList } from "./wire.ts";

const path = "/v1/mcp/calls/export";

async function text(rig: Rig, query = ""): Promise<string> {
  const answer = await rig.ask("GET", `${path}${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.text;
}

async function lines(
  rig: Rig,
  query = "",
): Promise<(WireCall & { readonly messages?: unknown })[]> {
  const whole = await text(rig, query);
  expect(whole === "" || whole.endsWith("\n")).toBe(true);
  return whole
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Rows of an RFC 4180 file, cells parsed. */
function rows(csv: string): string[][] {
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gy;
  const found: string[][] = [[]];
  for (const [, value = "", end] of csv.matchAll(cell)) {
    found.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === "\r\n") found.push([]);
  }
  expect(found.pop()).toEqual([]);
  return found;
}

describe.for(engines)("an export of %s", (engine) => {
  let rig: Rig;
  let calls: Call[];
  beforeAll(async () => {
    rig = await openRig(engine);
    calls = Array.from({ length: 130 }, (_, n) =>
      callOf(rig.founder, {
        startedAtMs: now - 1_000 * n,
        toolName: n % 3 === 0 ? "=a" : "b",
        responseBody: n === 60 ? "é".repeat(400_000) : `answer ${n}`,
      }),
    );
    await rig.log.append(calls);
    await rig.log.append([
      callOf({ ...rig.founder, teamId: "0192aaaa-0000-7000-8000-000000000009" }),
    ]);
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  test("every call is there once, newest first, whole, as at its own address", async () => {
    const exported = await lines(rig);
    expect(exported.map(({ id }) => id)).toEqual(calls.map(({ id }) => id));
    expect(exported[60]?.response_body).toHaveLength(400_000);
    for (const n of [0, 60, 129]) {
      expect((await rig.ask("GET", `/v1/mcp/calls/${calls[n]?.id}`)).body).toEqual(exported[n]);
    }
  });

  test("every filter of the list holds", async () => {
    const query = `?tool_name=b&q=answer&to=${new Date(now).toISOString()}`;
    const listed = await rig.ask<WireCallList>("GET", `/v1/mcp/calls${query}&limit=1000`);
    const exported = await lines(rig, query);
    expect(exported.map(({ id }) => id)).toEqual(listed.body.data.map(({ id }) => id));
    expect(exported.length).toBeGreaterThan(50);
    expect(await text(rig, "?tool_name=nothing")).toBe("");
  });

  test("as CSV it has a line a call, cut as lists cut, no cell a formula", async () => {
    const [head, ...found] = rows(await text(rig, "?format=csv"));
    expect(`${head}\r\n`).toBe(csvHead);
    const column = (name: keyof WireCall) => head?.indexOf(name) ?? -1;
    expect(found).toHaveLength(130);
    expect(found.map((row) => row[column("id")])).toEqual(calls.map(({ id }) => id));
    expect(found[0]?.[column("tool_name")]).toBe("'=a");
    expect(Buffer.byteLength(found[60]?.[column("response_body")] ?? "")).toBe(16_384);
    expect(found[60]?.[column("response_preview")]).toBe("true");
    expect(found[59]?.[column("response_preview")]).toBe("false");
  });

  test("as HAR it has an entry a call, and is whole JSON with or without one", async () => {
    const { log } = JSON.parse(await text(rig, "?format=har"));
    expect(log).toMatchObject({ version: "1.2", creator: { name: "HookWatch", version: "9.9.9" } });
    expect(log.entries.map((entry: { _call: WireCall }) => entry._call.id)).toEqual(
      calls.map(({ id }) => id),
    );
    expect(log.entries[60].response.content.text).toHaveLength(400_000);
    expect(JSON.parse(await text(rig, "?format=har&method=none")).log.entries).toEqual([]);
  });
});

test.for([
  ["ndjson", "application/x-ndjson; charset=utf-8"],
  ["csv", "text/csv; charset=utf-8; header=present"],
  ["har", "application/json; charset=utf-8"],
] as const)("%s says what it is, and is saved under a name of ours", async ([format, type]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("GET", `${path}?format=${format}`);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": type,
    "content-disposition": `attachment; filename="hookwatch-calls-20261120T123456Z.${format}"`,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
});

test("messages come with their calls when asked for", async () => {
  await using rig = await openRig("memory");
  const message = { atMs: now, offsetMs: 5, direction: "server", body: "progress" } as const;
  await rig.log.append([callOf(rig.founder, { messages: [message] }), callOf(rig.founder)]);
  const exported = await lines(rig, "?messages=true");
  expect(exported.map(({ messages }) => messages)).toEqual([
    [],
    [{ at: "2026-11-20T12:34:56.789Z", offset_ms: 5, direction: "server", body: "progress" }],
  ]);
  expect((await lines(rig))[0]).not.toHaveProperty("messages");
});

test("an entry of a HAR names its server's address and never the proxy's", async () => {
  await using rig = await openRig("memory");
  const server = await rig.addServer();
  await rig.log.append([callOf(rig.founder, { serverId: server.id, path: "/x?y=[redacted]" })]);
  const har = await text(rig, "?format=har");
  expect(JSON.parse(har).log.entries[0].request.url).toBe(
    "http://127.0.0.1:3001/mcp/x?y=%5Bredacted%5D",
  );
  expect(har).not.toContain(server.slug);
});

test.for([
  ["?format=xml", fieldError("format", 'must be one of ndjson, csv, har, is "xml"')],
  ["?format=csv&messages=true", fieldError("messages", "needs format=ndjson")],
  ["?from=2026-11-21&to=2026-11-20", fieldError("from", "must not be greater than to")],
] as const)("what makes no export is refused by name: %s", async ([query, error]) => {
  await using rig = await openRig("memory");
  expect(await rig.ask("GET", `${path}${query}`)).toMatchObject({ status: 400, body: error });
});

test("calls written while an export runs are not in it, and none of the others is missing", async () => {
  const log = new MemoryCallLog();
  await using rig = await openRig("memory", { log });
  const calls = Array.from({ length: 200 }, (_, n) =>
    callOf(rig.founder, { startedAtMs: now - n }),
  );
  await log.append(calls);
  const page = log.page.bind(log);
  vi.spyOn(log, "page").mockImplementation(async (...args) => {
    const found = await page(...args);
    await log.append([callOf(rig.founder, { startedAtMs: now + 1 })]);
    return found;
  });
  expect((await lines(rig)).map(({ id }) => id)).toEqual(calls.map(({ id }) => id));
});

test("a call that is deleted between its page and its turn is left out", async () => {
  const log = new MemoryCallLog();
  await using rig = await openRig("memory", { log });
  const long = { requestBody: "x".repeat(100_000) };
  const [gone, kept] = [
    callOf(rig.founder, long),
    callOf(rig.founder, { ...long, startedAtMs: 1 }),
  ];
  await log.append([gone, kept]);
  const page = log.page.bind(log);
  vi.spyOn(log, "page").mockImplementation(async (...args) => {
    const found = await page(...args);
    await log.remove(rig.founder.teamId, gone.id);
    return found;
  });
  expect((await lines(rig)).map(({ id }) => id)).toEqual([kept.id]);
});

describe("an export that does not get to its end", () => {
  /** A log of 500 calls whose second page does as it is told. */
  async function open(second: CallLog["page"]) {
    const log = new MemoryCallLog();
    const rig = await openRig("memory", { log });
    onTestFinished(() => rig[Symbol.asyncDispose]());
    await log.append(
      Array.from({ length: 500 }, () => callOf(rig.founder, { requestBody: "x".repeat(2_000) })),
    );
    const page = log.page.bind(log);
    const pages = vi.spyOn(log, "page");
    pages.mockImplementation((...args) => (args[1].cursor ? second(...args) : page(...args)));
    const headers = { authorization: `Bearer ${rig.founder.key}` };
    return { rig, log, pages, ask: () => rig.app.request(path, { headers }) };
  }

  test("breaks when the log fails, and the operator is told", async () => {
    const away = new Problem("unavailable", "the reader is being replaced");
    const { rig, ask } = await open(() => Promise.reject(away));
    await expect((await ask()).text()).rejects.toBe(away);
    expect(rig.reports).toMatchObject([
      { fields: { err: away }, message: "a request to the API could not be served" },
    ]);
  });

  test("breaks when its key is good no more", async () => {
    const { rig, log, ask } = await open(() => Promise.reject(new Error("never asked")));
    vi.spyOn(log, "page").mockImplementation(async () => {
      const known = await rig.registry.keys(rig.founder.teamId);
      for (const { id } of known) await rig.registry.removeKey(rig.founder.teamId, id);
      return { calls: [callOf(rig.founder)], next: null };
    });
    await expect((await ask()).text()).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("ends its query at once when the client leaves", async () => {
    let reading: AbortSignal | undefined;
    const { rig, ask } = await open((_team, _query, signal) => {
      reading = signal;
      return new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason)),
      );
    });
    const reader = (await ask()).body?.getReader();
    const left = (async () => {
      while (!(await reader?.read())?.done);
    })();
    await vi.waitFor(() => expect(reading).toBeDefined());
    await reader?.cancel();
    await left;
    expect(reading?.aborted).toBe(true);
    expect(rig.reports).toEqual([]);
  });

  test("reads no further than its client", async () => {
    const log = new MemoryCallLog();
    await using rig = await openRig("memory", { log });
    const body = "x".repeat(2_000);
    await log.append(Array.from({ length: 500 }, () => callOf(rig.founder, { requestBody: body })));
    const pages = vi.spyOn(log, "page");
    const headers = { authorization: `Bearer ${rig.founder.key}` };
    const reader = (await rig.app.request(path, { headers })).body?.getReader();
    await reader?.read();
    for (let n = 0; n < 50; n++) await new Promise(setImmediate);
    expect(pages.mock.calls.length).toBeLessThanOrEqual(2);
    await reader?.cancel();
  });
});

test("a team has four exports at once, and room again when one of them ends", async () => {
  await using rig = await openRig("memory");
  const headers = { authorization: `Bearer ${rig.founder.key}` };
  const open = await Promise.all([1, 2, 3, 4].map(() => rig.app.request(path, { headers })));
  const refused = await rig.ask("GET", path);
  expect(refused).toMatchObject({ status: 429, body: { error: { code: "rate_limited" } } });
  await open[0]?.body?.cancel();
  expect((await rig.ask("GET", path)).status).toBe(200);
  expect((await rig.ask("HEAD", path)).status).toBe(200);
  await open[1]?.text();
  expect((await rig.ask("GET", path)).status).toBe(200);
});

test("a client that leaves before the first page is answered is no fault of anyone", async () => {
  const log = new MemoryCallLog();
  await using rig = await openRig("memory", { log });
  const client = new AbortController();
  vi.spyOn(log, "count").mockImplementation((_team, _filter, signal) => {
    client.abort("the client has left");
    return Promise.reject(signal?.reason);
  });
  const headers = { authorization: `Bearer ${rig.founder.key}` };
  await rig.app.request("/v1/mcp/calls/count", { headers, signal: client.signal });
  expect(rig.reports).toEqual([]);
});
