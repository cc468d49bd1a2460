/** Plans against the product as it runs: what they limit, how one is changed, what survives a restart. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { program, type Rig, startRig } from "./rig.ts";
import { startScripted } from "./scripted-upstream.ts";
import { until } from "./until.ts";

const apiKey = "plans-test-key-0123456789abcdefghij";
const ping = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "ping" });

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hookwatch-plans-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function start(plans: readonly object[]): Promise<Rig> {
  const plansFile = join(root, "plans.json");
  await writeFile(plansFile, JSON.stringify(plans));
  const environment = { HOOKWATCH_PLANS_FILE: plansFile };
  return startRig({ dataDir: join(root, "data"), apiKey, environment });
}

function ask({ url }: Rig, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url + path, { ...init, headers: { authorization: `Bearer ${apiKey}` } });
}

interface Usage {
  readonly calls: { readonly used: number; readonly limit: number | null };
}

async function usage(rig: Rig): Promise<Usage["calls"]> {
  return ((await (await ask(rig, "/v1/usage")).json()) as Usage).calls;
}

test("calls of a month are counted over a restart, refused beyond the plan, and let in by another plan", async () => {
  await using upstream = await startScripted(({ response }) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end('{"jsonrpc":"2.0","id":7,"result":{}}');
  });
  const plans = [{ name: "small", calls_per_month: 3 }, { name: "large" }];
  const post = (url: string) => fetch(url, { method: "POST", body: ping });
  let teamId = "";
  let slug = "";
  {
    await using rig = await start(plans);
    const { server, url } = await rig.register(upstream.url);
    ({ team_id: teamId, slug } = server);
    expect((await post(url)).status).toBe(200);
    expect((await post(url)).status).toBe(200);
    expect(await usage(rig)).toEqual({ used: 2, limit: 3 });
  }
  await using rig = await start(plans);
  const url = `${rig.url}/p/${slug}`;
  expect(await usage(rig)).toEqual({ used: 2, limit: 3 });
  expect((await post(url)).status).toBe(200);
  const refused = await post(url);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({
    id: 7,
    error: {
      message: expect.stringContaining("the plan has room for 3 calls a month"),
      data: { source: "hookwatch" },
    },
  });
  expect(await usage(rig)).toEqual({ used: 3, limit: 3 });
  const calls = await rig.untilCalls({}, (all) => all.length === 4, 5_000);
  expect(calls[0]).toMatchObject({ status: "error", error_kind: "policy", status_code: 429 });

  const command = [program, "plan", teamId, "large", "--data-dir", join(root, "data")];
  const flags = ["--plans-file", join(root, "plans.json")];
  const { stdout } = await promisify(execFile)(process.execPath, [...command, ...flags]);
  expect(stdout).toContain("is on large now");
  const status = async () => (await post(url)).status;
  await until("the new plan", 10_000, status, (found) => found === 200);
  expect((await usage(rig)).limit).toBeNull();
});

test("requests to the API are as many a minute as the plan says, exchanges are not counted", async () => {
  await using rig = await start([{ name: "small", api_requests_per_minute: 3 }]);
  const { url } = await rig.register("http://127.0.0.1:9/mcp");
  const answers = [await ask(rig, "/v1/teams"), await ask(rig, "/v1/teams")];
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers[1]?.headers.get("x-ratelimit-remaining")).toBe("0");
  const refused = await ask(rig, "/v1/teams");
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await fetch(url, { method: "POST", body: ping })).status).toBe(502);
  expect((await fetch(`${rig.url}/healthz`)).status).toBe(200);
});

test("a file of plans that cannot be used refuses the start in words", async () => {
  const started = start([{ name: "small", servers: 3 }]);
  await expect(started).rejects.toThrow(/plan 1 \("small"\): unrecognized key: "servers"/);
});
