/** Registering, disabling and deleting servers, as the proxy and the log feel it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { rigForFile } from "./rig.ts";
import { type ScriptedUpstream, startScripted } from "./scripted-upstream.ts";

const rig = rigForFile();
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScripted(async ({ response, body }) => {
    const { id } = JSON.parse(await body());
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: {} }));
  });
});
afterAll(() => upstream[Symbol.asyncDispose]());

const ping = (url: string) =>
  fetch(url, { method: "POST", body: '{"jsonrpc":"2.0","id":5,"method":"ping"}' });

async function withCalls(count: number) {
  const registered = await rig().register(upstream.url);
  for (let index = 0; index < count; index += 1)
    expect((await ping(registered.url)).status).toBe(200);
  const filter = { server_id: registered.server.id };
  const calls = await rig().untilCalls(filter, (all) => all.length === count);
  return { ...registered, filter, calls };
}

test("the address that the API gives is the one that works", async () => {
  const { server, url } = await rig().register(upstream.url);
  expect(server.proxy_url).toBe(url);
  expect((await ping(server.proxy_url)).status).toBe(200);
});

test("a deleted server takes its calls with it, from every endpoint at once", async () => {
  const kept = await withCalls(2);
  const { server, url, filter, calls } = await withCalls(3);
  const { api } = rig();
  const totalBefore = await api.count();
  const metricsBefore = await api.metrics();

  await api.removeServer(server.id);

  expect(await api.status(`/v1/mcp/servers/${server.id}`)).toBe(404);
  expect(await api.count(filter)).toBe(0);
  expect(await api.calls(filter)).toEqual([]);
  expect((await api.metrics(filter)).total_calls).toBe(0);
  for (const { id } of calls) {
    expect(await api.status(`/v1/mcp/calls/${id}`)).toBe(404);
    expect(await api.status(`/v1/mcp/calls/${id}/messages`)).toBe(404);
  }
  expect(await api.count()).toBe(totalBefore - 3);
  expect((await api.metrics()).total_calls).toBe(metricsBefore.total_calls - 3);
  expect(await api.count(kept.filter)).toBe(2);
  expect((await ping(url)).status).toBe(404);
});

test("a server deleted amid a call leaves nothing of it in the log", async () => {
  const asked = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  await using slow = await startScripted(async ({ response, body }) => {
    await body();
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"jsonrpc":"2.0",');
    asked.resolve();
    await finish.promise;
    response.end('"id":5,"result":{}}');
  });
  const { server, url } = await rig().register(slow.url);
  const total = await rig().api.count();
  const running = ping(url).then(
    (response) => response.text(),
    () => "broken",
  );
  await asked.promise;
  await rig().api.removeServer(server.id);
  finish.resolve();
  await running;
  // A call of another server, made later, shows that the log has caught up.
  await withCalls(1);
  expect(await rig().api.count({ server_id: server.id })).toBe(0);
  expect(await rig().api.count()).toBe(total + 1);
});

test("a disabled server answers 404 at once and keeps its calls; enabled, it works again", async () => {
  const { server, url, filter } = await withCalls(2);
  await rig().api.changeServer(server.id, { is_active: false });
  const refused = await ping(url);
  expect(refused.status).toBe(404);
  expect(await refused.json()).toMatchObject({
    jsonrpc: "2.0",
    id: 5,
    error: { data: { source: "hookwatch" } },
  });
  expect(await rig().api.count(filter)).toBe(2);
  expect(await rig().api.calls(filter)).toHaveLength(2);

  await rig().api.changeServer(server.id, { is_active: true });
  expect((await ping(url)).status).toBe(200);
  await rig().untilCalls(filter, (all) => all.length === 3);
});

test("a changed target takes the next request", async () => {
  await using other = await startScripted(async ({ response, body }) => {
    await body();
    response.end("the other one");
  });
  const { server, url } = await withCalls(1);
  await rig().api.changeServer(server.id, { target_url: other.url });
  expect(await (await ping(url)).text()).toBe("the other one");
});

test("a deleted call is gone from every endpoint", async () => {
  const { filter, calls } = await withCalls(3);
  const [, middle] = calls;
  const { api } = rig();
  await api.removeCall(middle?.id ?? "");
  expect(await api.count(filter)).toBe(2);
  expect((await api.metrics(filter)).total_calls).toBe(2);
  expect((await api.calls(filter)).map(({ id }) => id)).not.toContain(middle?.id);
  expect(await api.status(`/v1/mcp/calls/${middle?.id}`)).toBe(404);
});
