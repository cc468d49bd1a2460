/** Where the time of a call went, as the API and its exports tell it. */

import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CallRow, TimingsRow } from "./api.ts";
import { rigForFile, startRig } from "./rig.ts";
import { event, eventStream, startScripted } from "./scripted-upstream.ts";

const rig = rigForFile({ environment: { HOOKWATCH_UPSTREAM_IDLE_TIMEOUT_MS: "400" } });
const fields = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};

/** One after another; `onBegun` is called when the first of each answer's body is there. */
async function calls(
  url: string,
  server_id: string,
  count: number,
  onBegun = () => {},
): Promise<readonly CallRow[]> {
  for (let id = 1; id <= count; id += 1) {
    const params = { name: "forecast", arguments: {} };
    const body = JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
    const answer = await fetch(url, { method: "POST", headers: fields, body });
    for await (const _ of answer.body ?? []) onBegun();
    await rig().untilCalls({ server_id }, (all) => all.length === id);
  }
  const all = await rig().untilCalls({ server_id }, () => true);
  return all.toReversed();
}

function phasesOf({ timings }: CallRow): TimingsRow {
  if (!timings) throw new Error("the call has no timings");
  return timings;
}

test("an upstream that waits before its first byte and streams its answer shows as that, and connects once", async () => {
  let begun = Promise.withResolvers<void>();
  await using upstream = await startScripted(async ({ response, body }) => {
    const { id } = JSON.parse(await body());
    begun = Promise.withResolvers<void>();
    await sleep(300);
    response.writeHead(200, eventStream);
    response.write(event({ jsonrpc: "2.0", method: "notifications/message", params: {} }));
    // However slow this machine is: the first byte has been seen.
    await begun.promise;
    await sleep(200);
    response.end(event({ jsonrpc: "2.0", id, result: {} }));
  });
  const { server, url } = await rig().register(upstream.url);
  const [first, second] = await calls(url, server.id, 2, () => begun.resolve());
  if (!first || !second) throw new Error("two calls were made");
  for (const call of [first, second]) {
    const { overhead_ms, ...phases } = phasesOf(call);
    // Timers may fire up to a millisecond early.
    expect(phases.wait_ms).toBeGreaterThanOrEqual(298);
    expect(phases.receive_ms).toBeGreaterThanOrEqual(198);
    const sum = Object.values(phases).reduce<number>((all, ms) => all + (ms ?? 0), 0);
    expect(Math.abs(sum - call.duration_ms)).toBeLessThan(0.52);
    expect(overhead_ms).toBeLessThanOrEqual(call.duration_ms - 298 - 198 + 1);
    expect(await rig().api.call(call.id)).toMatchObject({ timings: call.timings });
  }
  expect(phasesOf(first)).toMatchObject({ connect_ms: expect.any(Number), dns_ms: null });
  expect(phasesOf(second)).toMatchObject({ connect_ms: null, dns_ms: null, tls_ms: null });
  const har = await rig().api.send<{ log: { entries: HarEntry[] } }>(
    "GET",
    `/v1/mcp/calls/export?format=har&server_id=${server.id}`,
  );
  for (const { time, timings } of har.log.entries) {
    const sum = Object.entries(timings).reduce(
      (all, [phase, ms]) => (ms === -1 || phase === "ssl" ? all : all + ms),
      0,
    );
    expect(Math.abs(sum - time)).toBeLessThan(0.01);
    expect(timings.ssl).toBe(-1);
    expect(timings.wait).toBeGreaterThanOrEqual(298);
  }
});

interface HarEntry {
  readonly time: number;
  readonly timings: Readonly<Record<string, number>>;
}

test("a timeout was spent waiting, and a server that is away was never sent anything", async () => {
  await using silent = await startScripted(() => {});
  const waiting = await rig().register(silent.url);
  const [late] = await calls(waiting.url, waiting.server.id, 1);
  expect(late?.status).toBe("timeout");
  expect(late?.timings?.wait_ms).toBeGreaterThanOrEqual(350);
  const away = await rig().register(`http://127.0.0.1:${await closedPort()}/mcp`);
  const [refused] = await calls(away.url, away.server.id, 1);
  expect(refused?.timings).toMatchObject({
    ...{ connect_ms: expect.any(Number), send_ms: null, wait_ms: null, receive_ms: null },
  });
});

test("the product's own figures count its calls, how long they took and what was added, of whom they were untold", async () => {
  await using host = await startRig();
  await using upstream = await startScripted(async ({ response, body }) => {
    await body();
    await sleep(60);
    response.end("{}");
  });
  const { server, url } = await host.register(upstream.url);
  for (let id = 1; id <= 3; id += 1) {
    const answer = await fetch(url, { method: "POST", headers: fields, body: `{"id":${id}}` });
    await answer.text();
  }
  await host.untilCalls({ server_id: server.id }, (all) => all.length === 3);
  const text = await (await fetch(`${host.url}/metrics`)).text();
  const figure = (name: string) => {
    const line = text.split("\n").find((each) => each.startsWith(`hookwatch_${name} `));
    return Number(line?.split(" ").at(-1));
  };
  for (const name of ["duration", "first_byte", "overhead"]) {
    expect(figure(`exchange_${name}_seconds_count`)).toBe(3);
    expect(figure(`exchange_${name}_seconds_bucket{le="+Inf"}`)).toBe(3);
  }
  expect(figure('exchange_first_byte_seconds_bucket{le="0.05"}')).toBe(0);
  expect(figure("exchange_duration_seconds_sum")).toBeGreaterThan(0.17);
  expect(figure("exchange_overhead_seconds_sum")).toBeLessThanOrEqual(
    figure("exchange_duration_seconds_sum") - 0.17,
  );
  expect(figure("upstream_connections_total")).toBe(1);
  expect(figure("upstream_idle_connections") + figure("upstream_busy_connections")).toBe(1);
  for (const thread of ["main", "recorder", "writer", "reader"]) {
    expect(figure(`thread_busy_seconds_total{thread="${thread}"}`)).toBeGreaterThan(0);
  }
  for (const secret of [server.id, server.slug, server.team_id, server.name, upstream.url]) {
    expect(text).not.toContain(secret);
  }
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
