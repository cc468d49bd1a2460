/** Upstreams that break in every way, over and over: each exchange ends honestly and nothing is left of it. */
import { readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { ExchangeOutcome } from "../../src/exchange.ts";
import { dataPlane, get, type Plane, post, RawClient, rawUpstream, slug, until } from "./rig.ts";

const repetitions = 1_000;
/** 1 KB for each; a socket forgotten somewhere has more. */
const growthMaxBytes = 1_000_000;
const roundsMax = 3;
const atOnce = 16;
const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
const last = "Connection: close\r\n";
const foreign = '{"resource":"https://elsewhere.example/mcp","authorization_servers":[]}';
const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/** An end that is honest although the upstream is not: what it said is passed on as it said it. */
interface Passed {
  readonly outcome: ExchangeOutcome;
  /** How the answer ends. */
  readonly end: string;
}

const passed = (end: string): Passed => ({ outcome: "complete", end });

const faults: readonly (readonly [string, (socket: Socket) => unknown, Passed?])[] = [
  ["a reset before the answer", (socket) => socket.resetAndDestroy()],
  ["a close before the answer", (socket) => socket.end()],
  ["half a head", (socket) => socket.end("HTTP/1.1 200 OK\r\nConte")],
  ["a body that is too short", (socket) => socket.end(`${head}Content-Length: 99\r\n\r\nhalf`)],
  [
    "a reset amid the body",
    (socket) => {
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`, () =>
        socket.resetAndDestroy(),
      );
    },
  ],
  [
    "a malformed chunk",
    (socket) => socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n`),
  ],
  [
    "two lengths",
    (socket) => socket.write(`${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `),
  ],
  [
    "a length and chunks",
    (socket) =>
      socket.write(`${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  ],
  [
    "an upgrade that nobody asked for",
    (socket) => socket.write("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
  ],
  ["70 KB of fields", (socket) => socket.write(`${head}X: ${"x".repeat(70_000)}\r\n\r\n`)],
  [
    "an endpoint elsewhere",
    (socket) =>
      socket.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: endpoint\ndata: http://evil.example/\n\n",
      ),
  ],
  [
    "a body that is too long",
    (socket) => socket.write(`${head}Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK`),
    passed("\r\n\r\n{}"),
  ],
  [
    "gzip that is none",
    (socket) => socket.end(`${head}${last}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nlies`),
    passed("lies"),
  ],
  [
    "metadata of another resource",
    (socket) => socket.end(`${head}${last}Content-Length: ${foreign.length}\r\n\r\n${foreign}`),
    passed(foreign),
  ],
  [
    "half of the metadata",
    (socket) => socket.end(`${head}Content-Length: ${foreign.length}\r\n\r\n${foreign.slice(9)}`),
    { outcome: "upstream_failed", end: '"}}' },
  ],
  [
    "a redirect to a break",
    (socket) =>
      socket.write("HTTP/1.1 307 T\r\nLocation: /mcp\r\nContent-Length: 0\r\n\r\n", () =>
        socket.destroySoon(),
      ),
  ],
];

test.for(faults)(
  "a thousand times %s leave no descriptor, no exchange and no memory behind",
  { timeout: 30_000 },
  async ([name, fault, pass]) => {
    await using upstream = await rawUpstream((socket, received) => {
      if (received.endsWith("}") || received.endsWith("\r\n\r\n")) fault(socket);
    });
    const ends: Partial<Record<ExchangeOutcome, number>> = {};
    const quiet = { request() {}, requestEnd() {}, upstream() {}, head() {}, response() {} };
    await using plane = await dataPlane(upstream.url, {
      watch: () => ({
        ...quiet,
        end: ({ outcome }) => {
          ends[outcome] = (ends[outcome] ?? 0) + 1;
        },
      }),
    });
    const text = requestOf(name);
    await repeat(plane, text, 100, pass?.end);
    await settled(plane, upstream.sockets as Socket[]);
    const growths: number[] = [];
    // Compiled code and caches come and go by a megabyte; what is forgotten grows each time.
    while (growths.length < roundsMax && !growths.some((bytes) => bytes < growthMaxBytes)) {
      const before = held();
      await repeat(plane, text, repetitions, pass?.end);
      await settled(plane, upstream.sockets as Socket[]);
      const after = held();
      expect(after.descriptors - before.descriptors).toBeLessThanOrEqual(2);
      growths.push(after.heapBytes - before.heapBytes);
    }
    const outcome = pass?.outcome ?? "upstream_failed";
    expect(ends).toEqual({ [outcome]: 100 + growths.length * repetitions });
    expect(Math.min(...growths)).toBeLessThan(growthMaxBytes);
  },
);

function requestOf(name: string): string {
  if (name.includes("metadata")) return get("", `/.well-known/oauth-protected-resource/p/${slug}`);
  return name.includes("endpoint") ? get() : post(ping);
}

/** Resolves when so many exchanges have ended, each in one of the two ways that are honest, or as `end` says. */
async function repeat(plane: Plane, text: string, times: number, end?: string): Promise<void> {
  let left = times;
  const lane = async () => {
    while (left > 0) {
      using client = new RawClient(plane.port);
      while (left > 0 && client.ending === undefined) {
        left -= 1;
        client.received = "";
        client.send(text);
        await ended(client, end);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** After an error of ours on a connection that lives on, or with the connection amid an answer. */
function ended(client: RawClient, end?: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = () => {
    const isOurs = client.received.startsWith("HTTP/1.1 502 ") && client.received.endsWith("}}}");
    const isWhole =
      client.received.startsWith("HTTP/1.1 200 ") && client.received.endsWith("0\r\n\r\n");
    const isPassed = end !== undefined && client.received.endsWith(end);
    if (isWhole) reject(new Error(`a broken answer ended as if it were whole: ${client.received}`));
    if (!isWhole && !isOurs && !isPassed && client.ending === undefined) return;
    client.socket.off("data", look).off("close", look);
    resolve();
  };
  client.socket.on("data", look).on("close", look);
  return promise;
}

async function settled(plane: Plane, sockets: Socket[]): Promise<void> {
  await until("all exchanges are over", () => plane.forwarder.stats().openExchanges === 0);
  await until("all upstream connections are closed", () =>
    sockets.every((socket) => socket.destroyed),
  );
  // What the test itself remembers is not to be counted.
  sockets.length = 0;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function held() {
  collect();
  collect();
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    heapBytes: process.memoryUsage().heapUsed,
  };
}
