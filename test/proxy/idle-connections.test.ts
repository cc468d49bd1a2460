/**
 * Connections that the upstream closes while a request may be on its way: the one race that a proxy with a pool adds.
 * A call lost there cannot be sent again, because nobody knows whether it was taken.
 */
import { createServer, request } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { dataPlane, type Plane, server } from "./rig.ts";

const lanes = 50;
const rounds = 6;
const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';

/** Answers everything, and ends a connection that has been idle for so long, with or without a word about it. */
function closingUpstream(idleMs: number, hint: boolean) {
  const sockets = new Set<Socket>();
  const taken = { connections: 0 };
  const tcp = hint
    ? createServer(
        { keepAliveTimeout: idleMs, keepAliveTimeoutBuffer: 0 },
        (incoming, response) => {
          incoming.resume().once("end", () => response.end("{}"));
        },
      )
    : createTcpServer((socket) => {
        let idle: NodeJS.Timeout | undefined;
        socket.on("data", (chunk) => {
          clearTimeout(idle);
          if (!chunk.toString().endsWith("}")) return;
          socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
          idle = setTimeout(() => socket.destroy(), idleMs);
        });
      });
  tcp.on("connection", (socket: Socket) => {
    taken.connections += 1;
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
  });
  return { tcp, sockets, taken };
}

function statusOf(plane: Plane, slug: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const outgoing = request(
    {
      port: plane.port,
      path: `/p/${slug}`,
      method: "POST",
      headers: { "Content-Length": ping.length },
    },
    (response) => response.resume().once("end", () => resolve(response.statusCode ?? 0)),
  );
  outgoing.once("error", reject).end(ping);
  return promise;
}

test.concurrent.for([
  ["after 1 s, as it says", 1_000, true],
  ["after 2.5 s, without a word", 2_500, false],
] as const)(
  "of 300 calls none meets the closing of an upstream that ends idle connections %s",
  { timeout: 30_000 },
  async ([, idleMs, hint]) => {
    const { tcp, sockets, taken } = closingUpstream(idleMs, hint);
    tcp.listen(0, "127.0.0.1");
    await new Promise((resolve) => tcp.once("listening", resolve));
    const { port } = tcp.address() as AddressInfo;
    await using plane = await dataPlane(`http://127.0.0.1:${port}/mcp`);
    const statuses: number[] = [];
    // A server for each lane, so that each has one connection, idle for as long as the lane waits.
    const lane = async (number: number) => {
      const slug = `lane${String(number).padStart(22, "0")}`;
      plane.directory.put(server(`http://127.0.0.1:${port}/mcp`, { id: slug, slug }));
      for (let round = 0; round < rounds; round += 1) {
        statuses.push(await statusOf(plane, slug));
        // From a little before the closing to a little after it, one millisecond apart.
        if (round < rounds - 1) await delay(idleMs - 25 + number);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
    expect(statuses).toEqual(new Array(lanes * rounds).fill(200));
    expect(plane.forwarder.stats().exchanges).toMatchObject({ complete: 300, upstream_failed: 0 });
    expect(taken.connections).toBeGreaterThan(lanes);
    for (const socket of sockets) socket.destroy();
    tcp.close();
  },
);
