/** With HOOKWATCH_DURABLE_CALLS=1: whose answer has ended for the client is in the log, killed at that very moment or not. */
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RawClient } from "./raw-client.ts";
import { type Rig, startRig } from "./rig.ts";
import { event, eventStream, type ScriptedUpstream, startScripted } from "./scripted-upstream.ts";
import { until } from "./until.ts";

const apiKey = "durable-calls-test-key-0123456789abcdef";
const durable = { HOOKWATCH_DURABLE_CALLS: "1" };
const kills = 10;
const clients = 6;
/** Answers that each life of the host gives at least. */
const answersMin = 25;
/** See `waitMaxMs` in durable-waits.ts. */
const givenUpAfterMs = 10_000;

let dataDir = "";
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-durable-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test("no call is lost whose answer has ended, though the host is killed at the sight of an end", async () => {
  await using upstream = await startKinds();
  const ended = new Set<number>();
  const latenciesMs: number[] = [];
  let server: string | undefined;
  for (let kill = 0; kill < kills; kill += 1) {
    const rig = await startRig({ dataDir, apiKey, environment: durable });
    const { id, slug } = server
      ? await rig.api.send<{ id: string; slug: string }>("GET", `/v1/mcp/servers/${server}`)
      : (await rig.register(upstream.url)).server;
    server = id;
    await killAtAnEnd(rig, `${rig.url}/p/${slug}`, ended, latenciesMs);
    await rig[Symbol.asyncDispose]();
  }
  expect(ended.size).toBeGreaterThan(kills * answersMin);

  await using rig = await startRig({ dataDir, apiKey });
  const known = async () => new Set(await methodsOf(rig, server ?? ""));
  const missing = (methods: ReadonlySet<string>) =>
    [...ended].filter((n) => !methods.has(`call/${n}`));
  // What a kill has left in the spill comes into the log soon after a start.
  const methods = await until("every call", 5_000, known, (all) => missing(all).length === 0).catch(
    known,
  );
  const sorted = latenciesMs.toSorted((one, other) => one - other);
  const [p50, p99] = [0.5, 0.99].map((part) =>
    sorted[Math.floor(sorted.length * part)]?.toFixed(1),
  );
  console.info(
    `${missing(methods).length} of ${ended.size} calls lost over ${kills} kills; p50 ${p50} ms, p99 ${p99} ms`,
  );
  expect(missing(methods)).toEqual([]);
}, 120_000);

test("a log that hangs holds back the end of an answer, not its beginning, and not for ever", async () => {
  await using upstream = await startKinds();
  const environment = { ...durable, HOOKWATCH_SPILL_MAX_BYTES: "0" };
  await using rig = await startRig({ dataDir, apiKey, environment });
  const { url } = await rig.register(upstream.url);
  using client = new RawClient(rig.url);
  {
    using _ = holdLog();
    const startedMs = performance.now();
    client.post(url, { jsonrpc: "2.0", id: 0, method: "call/0" });
    await client.receive('"result":{}');
    expect(client.received).not.toContain("{}}");
    await client.receive("{}}", givenUpAfterMs + 5_000);
    expect(performance.now() - startedMs).toBeGreaterThan(givenUpAfterMs - 100);
  }
  const metrics = await (await fetch(`${rig.url}/metrics`)).text();
  expect(metrics).toContain("\nhookwatch_durable_waits_given_up_total 1\n");
}, 60_000);

test("a log that hangs beside a disk that does not delays an end for moments only", async () => {
  await using upstream = await startKinds();
  await using rig = await startRig({ dataDir, apiKey, environment: durable });
  const { url } = await rig.register(upstream.url);
  using _ = holdLog();
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: 20 }, (_, n) => call(url, n, new Agent())));
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  const metrics = await (await fetch(`${rig.url}/metrics`)).text();
  expect(metrics).toContain("\nhookwatch_durable_waits_given_up_total 0\n");
}, 60_000);

/** Answers of every kind that has an end, by the number of the call. */
function startKinds(): Promise<ScriptedUpstream> {
  return startScripted(async ({ request, response, body }) => {
    const { id } = JSON.parse(await body());
    const answer = { jsonrpc: "2.0", id, result: {} };
    const text = JSON.stringify(answer);
    const json = { "content-type": "application/json" };
    const kind = id % 6;
    if (kind === 0) response.writeHead(200, { ...json, "content-length": text.length }).end(text);
    else if (kind === 1) response.writeHead(200, json).write(text, () => response.end());
    else if (kind === 2) response.writeHead(200, eventStream).end(event(answer));
    else if (kind === 3) response.writeHead(202, { "content-length": 0 }).end();
    else if (kind === 4) response.writeHead(500, json).end('{"error":"no"}');
    else request.socket.resetAndDestroy();
  });
}

let last = 0;

/** Calls without pause; at the end of one of them there is no host any more. */
async function killAtAnEnd(rig: Rig, url: string, ended: Set<number>, latenciesMs: number[]) {
  const agent = new Agent({ keepAlive: true });
  let left = answersMin + Math.floor(Math.random() * 30);
  let killed: Promise<void> | undefined;
  const client = async () => {
    while (!killed) {
      last += 1;
      const [n, startedMs] = [last, performance.now()];
      try {
        await call(url, n, agent, () => {
          ended.add(n);
          left -= 1;
          if (left === 0) killed = rig.kill();
        });
        latenciesMs.push(performance.now() - startedMs);
      } catch (cause) {
        if (!killed) throw cause;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  await killed;
}

function call(url: string, id: number, agent: Agent, onEnd = () => {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    const out = request(url, { method: "POST", agent, headers }, (response) => {
      response.on("error", reject);
      response.on("end", () => {
        onEnd();
        resolve();
      });
      response.resume();
    });
    out.on("error", reject);
    out.end(JSON.stringify({ jsonrpc: "2.0", id, method: `call/${id}` }));
  });
}

async function methodsOf({ api }: Rig, server_id: string): Promise<string[]> {
  const methods: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await api.page({ server_id, limit: 500, ...(cursor ? { cursor } : {}) });
    methods.push(...page.data.map(({ method }) => method));
    cursor = page.next_cursor;
  }
  return methods;
}

/** Another program that writes to the log's file: the writer waits, in the middle of its work. */
function holdLog(): Disposable {
  const database = new DatabaseSync(join(dataDir, "calls.db"));
  database.exec("BEGIN IMMEDIATE");
  return {
    [Symbol.dispose]() {
      if (database.isTransaction) database.exec("ROLLBACK");
      database.close();
    },
  };
}
