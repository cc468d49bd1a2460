/** Observation never harms: whatever the log is going through, traffic passes as if it were not there. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Rig, startRig } from "./rig.ts";
import { type ScriptedUpstream, startScripted } from "./scripted-upstream.ts";
import { until } from "./until.ts";

let rig: Rig;
let upstream: ScriptedUpstream;

beforeAll(async () => {
  rig = await startRig();
  upstream = await startScripted(async ({ response, body }) => {
    const { id } = JSON.parse(await body());
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: {} }));
  });
});
afterAll(async () => {
  await upstream[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

/** Milliseconds that the call took. */
async function ping(url: string, id: number): Promise<number> {
  const startedMs = performance.now();
  const body = JSON.stringify({ jsonrpc: "2.0", id, method: "ping" });
  const response = await fetch(url, { method: "POST", body });
  expect(await response.json()).toMatchObject({ id });
  return performance.now() - startedMs;
}

test("calls pass at once while another program locks the log, and are in it afterwards", async () => {
  const { server, url } = await rig.register(upstream.url);
  const filter = { server_id: server.id };
  await ping(url, 0);
  await rig.untilCalls(filter, (calls) => calls.length === 1);
  const lockedMs = 3_000;
  let slowestMs = 0;
  let made = 1;
  {
    using database = new DatabaseSync(join(rig.dataDir, "calls.db"));
    database.exec("BEGIN IMMEDIATE");
    const startedMs = performance.now();
    for (; performance.now() - startedMs < lockedMs; made += 1) {
      slowestMs = Math.max(slowestMs, await ping(url, made));
    }
    expect(await rig.api.count(filter)).toBe(1);
    database.exec("ROLLBACK");
  }
  expect(made).toBeGreaterThan(100);
  expect(slowestMs).toBeLessThan(1_000);
  const counted = () => rig.api.count(filter);
  await until("every call", 10_000, counted, (count) => count === made);
});

test("a client that says everything wrong gets its answers and harms nobody", async () => {
  const { server, url } = await rig.register(upstream.url);
  const bodies = [
    "[]",
    "null",
    "[[[[",
    '{"jsonrpc":"2.0","id":{},"method":[]}',
    `{"jsonrpc":"2.0","id":1,"method":"${"m".repeat(100_000)}"}`,
    `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
    `{"jsonrpc":"2.0","id":1,"method":"x","params":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}`,
    '{"__proto__":{"method":"x"},"constructor":1,"id":2}',
    "\u0000\ufffd\ud83d",
  ];
  for (const body of bodies) {
    const response = await fetch(url, { method: "POST", body }).catch((cause: unknown) => cause);
    expect(response).toBeInstanceOf(Response);
  }
  const calls = await rig.untilCalls(
    { server_id: server.id },
    (all) => all.length >= bodies.length,
    3_000,
  );
  for (const { id } of calls) expect(await rig.api.call(id)).toHaveProperty("id", id);
  expect(await ping(url, 1)).toBeLessThan(1_000);
});
