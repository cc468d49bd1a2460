/** Several data planes on one port: what one of them knows, all do, and what one may, they may together. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rigForFile, startRig } from "../e2e/rig.ts";
import { type ScriptedUpstream, startScripted } from "../e2e/scripted-upstream.ts";
import { Signals } from "../e2e/signals.ts";
import { until } from "../e2e/until.ts";

const teamMax = 8;
const rig = rigForFile({ environment: { HOOKWATCH_EXCHANGES_PER_TEAM_MAX: `${teamMax}` } });
const signals = new Signals();
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startEcho();
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** Answers at once, or when the signal is raised that the call names; raises `began <signal>` before. */
function startEcho(): Promise<ScriptedUpstream> {
  return startScripted(async ({ body, response }) => {
    const { id, params } = JSON.parse(await body());
    if (params?.until) {
      signals.raise(`began ${params.until} ${id}`);
      await signals.wait(params.until, 20_000);
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { id } }));
  });
}

function post(url: string, message: object, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", method: "ping", ...message }),
  });
}

/** How many exchanges each plane has taken. */
async function shares(url: string): Promise<readonly number[]> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const found = page.matchAll(/^hookwatch_data_plane_exchanges_total\{plane="\d"\} (\d+)$/gm);
  return [...found].map(([, count]) => Number(count));
}

test("each plane takes its share of the connections, and every call is in the log once", async () => {
  const { server, url } = await rig().register(upstream.url);
  const before = await shares(rig().url);
  for (let round = 0; round < 20; round += 1) {
    const ids = [1, 2, 3, 4].map((at) => round * 4 + at);
    const answers = await Promise.all(ids.map(async (id) => (await post(url, { id })).json()));
    expect(answers).toEqual(ids.map((id) => ({ jsonrpc: "2.0", id, result: { id } })));
  }
  const taken = (await shares(rig().url)).map((count, at) => count - (before[at] ?? 0));
  expect(taken.reduce((sum, count) => sum + count, 0)).toBe(80);
  expect(taken).toHaveLength(3);
  // Of 80 fair choices of three one comes less often than 5 times once in 10⁸ runs.
  for (const count of taken) expect(count).toBeGreaterThanOrEqual(5);
  const count = () => rig().api.count({ server_id: server.id });
  await until("every call in the log", 5_000, count, (n) => n === 80);
});

test("a client that sends a body of unknown length is served by every plane", async () => {
  const { url } = await rig().register(upstream.url);
  for (let id = 0; id < 15; id += 1) {
    const message = JSON.stringify({ jsonrpc: "2.0", id, method: "ping" });
    const body = new Blob([message]).stream();
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body, duplex: "half" } as object);
    expect(await answer.json()).toEqual({ jsonrpc: "2.0", id, result: { id } });
  }
});

test("the API and the host's own pages answer on every connection alike", async () => {
  const { api, apiKey, url } = rig();
  for (let round = 0; round < 12; round += 1) {
    const added = await api.addServer(`server ${round}`, upstream.url);
    expect(added.name).toBe(`server ${round}`);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const page = await fetch(`${url}/openapi.json`);
    expect([page.status, (await page.text()).length > 10_000]).toEqual([200, true]);
    const foreign = await fetch(`${url}/v1/mcp/servers`, {
      headers: { authorization: `Bearer ${apiKey}`, origin: "https://elsewhere.example" },
    });
    expect(foreign.status).toBe(403);
    const stranger = await fetch(`${url}/v1/mcp/servers`);
    expect(stranger.status).toBe(401);
    await stranger.body?.cancel();
  }
});

test("whoever was answered by the API finds what it has done on every plane", async () => {
  const { api } = rig();
  for (let round = 0; round < 12; round += 1) {
    const { server, url } = await rig().register(upstream.url);
    expect((await post(url, { id: 1 })).status).toBe(200);
    await api.changeServer(server.id, { is_active: false });
    expect((await post(url, { id: 2 })).status).toBe(404);
    await api.changeServer(server.id, { is_active: true });
    expect((await post(url, { id: 3 })).status).toBe(200);
    await api.removeServer(server.id);
    expect((await post(url, { id: 4 })).status).toBe(404);
  }
});

test("a credential of ours is refused by every plane, and reaches no upstream", async () => {
  const { url } = await rig().register(upstream.url);
  for (let id = 0; id < 20; id += 1) {
    const answer = await post(url, { id }, { authorization: `Bearer ${rig().apiKey}` });
    expect(answer.status).toBe(400);
  }
});

test("a team's limit of open exchanges holds for all planes together", async () => {
  const { url } = await rig().register(upstream.url);
  const open = Array.from({ length: teamMax }, async (_, id) => {
    const answer = await post(url, { id, params: { until: "room" } });
    return answer.status;
  });
  for (let id = 0; id < teamMax; id += 1) await signals.wait(`began room ${id}`);
  for (let id = 0; id < 15; id += 1) {
    const refused = await post(url, { id: 100 + id });
    expect(refused.status).toBe(503);
  }
  signals.raise("room");
  expect(await Promise.all(open)).toEqual(open.map(() => 200));
  const again = async () => (await post(url, { id: 200 })).status;
  await until("room again", 2_000, again, (status) => status === 200);
});

test("a host that is told to stop lets the calls on all planes end, and records them", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-planes-"));
  const setting = { dataDir, apiKey: "planes-test-key-0123456789abcdef0123" };
  const host = await startRig(setting);
  const { server, url } = await host.register(upstream.url);
  await using connections = await placed(host.url, url, 12);
  const calls = connections.all.map(async ({ client, isMain }, id) => {
    const until = isMain ? "main ends" : "others end";
    const answer = await client.request(asked(url, { id, params: { until } }));
    return [answer.statusCode, ((await answer.body.json()) as { id: number }).id];
  });
  for (const [id, { isMain }] of connections.all.entries())
    await signals.wait(`began ${isMain ? "main ends" : "others end"} ${id}`, 10_000);
  const ended = host[Symbol.asyncDispose]();
  setTimeout(() => signals.raise("main ends"), 300);
  // The main thread has nothing left to wait for but the others.
  setTimeout(() => signals.raise("others end"), 1_000);
  expect(await Promise.all(calls)).toEqual(calls.map((_, id) => [200, id]));
  await ended;
  const next = await startRig(setting);
  const all = await next.api.count({ server_id: server.id, status: "success" });
  expect(all).toBe(2 * calls.length);
  await next[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

function asked(url: string, message: object) {
  return {
    method: "POST",
    path: new URL(url).pathname,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", method: "ping", ...message }),
  } as const;
}

/** Connections that have carried a call each, and whether the main thread has them; some that it has, and some not. */
async function placed(origin: string, url: string, count: number) {
  const all: { client: Client; isMain: boolean }[] = [];
  const isMixed = () => all.some(({ isMain }) => isMain) && all.some(({ isMain }) => !isMain);
  while (all.length < count || !isMixed()) {
    const client = new Client(origin, { keepAliveTimeout: 60_000, pipelining: 1 });
    const [before = 0] = await shares(origin);
    await (await client.request(asked(url, { id: all.length }))).body.dump();
    const isTold = async () => (await shares(origin)).reduce((sum, each) => sum + each, 0);
    await until("the call in the figures", 2_000, isTold, (sum) => sum === all.length + 1);
    const [after = 0] = await shares(origin);
    all.push({ client, isMain: after > before });
  }
  const close = async () => void (await Promise.all(all.map(({ client }) => client.destroy())));
  return { all, [Symbol.asyncDispose]: close };
}

test("an answer that waits for its call to be durable does so on every plane", async () => {
  await using host = await startRig({ environment: { HOOKWATCH_DURABLE_CALLS: "1" } });
  const { server, url } = await host.register(upstream.url);
  const startedMs = performance.now();
  for (let round = 0; round < 4; round += 1) {
    const ids = Array.from({ length: 10 }, (_, at) => round * 10 + at);
    const answers = await Promise.all(ids.map((id) => post(url, { id })));
    for (const answer of answers) expect(await answer.json()).toHaveProperty("result");
  }
  // Waits that are given up take ten seconds.
  expect(performance.now() - startedMs).toBeLessThan(9_000);
  const page = await (await fetch(`${host.url}/metrics`)).text();
  expect(page).toMatch(/^hookwatch_durable_waits_given_up_total 0$/m);
  const count = () => host.api.count({ server_id: server.id });
  await until("every call in the log", 5_000, count, (n) => n === 40);
}, 60_000);
