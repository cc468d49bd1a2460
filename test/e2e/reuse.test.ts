/**
 * Connections to a server are used again, and never at the moment when it closes them: a POST that
 * meets a closing connection is lost, and may not be sent twice.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { rigForFile } from "./rig.ts";

const rig = rigForFile();

const lanes = 25;
const rounds = 4;

interface Closing {
  readonly name: string;
  /** How long the server keeps an idle connection. */
  readonly idleMs: number;
  /** Whether it says so in `Keep-Alive`. */
  readonly hints: boolean;
}

test.concurrent.for<Closing>([
  { name: "that says when it closes idle connections", idleMs: 1_000, hints: true },
  { name: "that closes idle connections without a word", idleMs: 2_500, hints: false },
])("no call is lost or doubled on the way to a server $name", async ({ idleMs, hints }) => {
  await using upstream = await startClosing(idleMs, hints);
  const { url } = await rig().register(upstream.url);
  const statuses: number[] = [];
  const lane = async (index: number) => {
    for (let round = 0; round < rounds; round += 1) {
      const body = `{"jsonrpc":"2.0","id":"${index}-${round}","method":"ping"}`;
      const response = await fetch(url, { method: "POST", body });
      statuses.push(response.status);
      await response.arrayBuffer();
      // Around the very moment at which the server closes, some before and some after it.
      await sleep(idleMs - 60 + index * 5);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(upstream.seen.length).toBe(lanes * rounds);
  expect(new Set(upstream.seen).size).toBe(lanes * rounds);
});

test("a second call soon after the first goes over the same connection", async () => {
  await using upstream = await startClosing(5_000, true);
  const { url } = await rig().register(upstream.url);
  for (const id of [1, 2, 3]) {
    const body = `{"jsonrpc":"2.0","id":${id},"method":"ping"}`;
    await (await fetch(url, { method: "POST", body })).arrayBuffer();
  }
  expect(upstream.connections()).toBe(1);
});

async function startClosing(idleMs: number, hints: boolean) {
  const seen: string[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const { id } = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
    seen.push(String(id));
    const text = JSON.stringify({ jsonrpc: "2.0", id, result: {} });
    response.setHeader("content-type", "application/json");
    // Node leaves out its own hint where the field is ours.
    if (!hints) response.setHeader("connection", "keep-alive");
    response.end(text);
  });
  server.keepAliveTimeout = idleMs;
  server.keepAliveTimeoutBuffer = 0;
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    seen,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
