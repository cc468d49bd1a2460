/**
 * Connections to a server are used again, and never at the moment when it closes them: a POST that
 * meets a closing connection is lost, and may not be sent twice.
 */
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { rigForFile } from "./rig.ts";

const rig = rigForFile();

/** Waits between two calls, around the moments at which servers close. */
const gapsMs = [0, 500, 1_500, 1_900, 2_100, 2_250, 2_500, 2_750, 2_900, 2_980, 3_100];

/**
 * A server that closes idle connections at a moment of its choice. A close that crosses a request on
 * the wire is too rare on one machine to wait for; so here every request that comes that late finds the
 * connection closed.
 */
interface Closing {
  readonly name: string;
  /** From here on a request may cross the server's close. */
  readonly closesAfterMs: number;
  readonly hint: string | undefined;
}

test.concurrent.for<Closing>([
  { name: "that says when it closes", closesAfterMs: 2_700, hint: "timeout=3" },
  { name: "that closes without a word", closesAfterMs: 2_200, hint: undefined },
])("no call is lost or doubled on the way to a server $name", async (closing) => {
  await using upstream = await startClosing(closing);
  const pair = async (gapMs: number) => {
    // Registered for itself, so that the connection of the first call is the one to use again.
    const { url } = await rig().register(upstream.url);
    const first = await ping(url, `${gapMs} first`);
    await sleep(gapMs);
    return [first, await ping(url, `${gapMs} second`)];
  };
  const statuses = await Promise.all(gapsMs.map(pair));
  expect(statuses).toEqual(gapsMs.map(() => [200, 200]));
  const expected = gapsMs.flatMap((gapMs) => [`${gapMs} first`, `${gapMs} second`]);
  expect([...upstream.seen].sort()).toEqual(expected.sort());
});

test("a second call soon after the first goes over the same connection", async () => {
  await using upstream = await startClosing({ closesAfterMs: 60_000, hint: "timeout=60" });
  const { url } = await rig().register(upstream.url);
  for (const id of ["1", "2", "3"]) expect(await ping(url, id)).toBe(200);
  expect(upstream.connections()).toBe(1);
});

async function ping(url: string, id: string): Promise<number> {
  const body = JSON.stringify({ jsonrpc: "2.0", id, method: "ping" });
  const response = await fetch(url, { method: "POST", body });
  await response.arrayBuffer();
  return response.status;
}

async function startClosing({ closesAfterMs, hint }: Omit<Closing, "name">) {
  const seen: string[] = [];
  const answeredMs = new Map<Socket, number>();
  const server = createServer(async (request, response) => {
    const { socket } = request;
    const idleMs = performance.now() - (answeredMs.get(socket) ?? performance.now());
    if (idleMs >= closesAfterMs) {
      socket.resetAndDestroy();
      return;
    }
    const { id } = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
    seen.push(String(id));
    // Node adds a hint of its own where neither field is given.
    response.setHeader("connection", "keep-alive");
    if (hint) response.setHeader("keep-alive", hint);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: {} }));
    answeredMs.set(socket, performance.now());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    seen,
    connections: () => answeredMs.size,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
