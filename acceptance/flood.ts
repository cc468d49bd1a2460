/**
 * The noisy neighbour, in a process of its own so that its work is not taken for the host's: an upstream that answers
 * as it is told, and a client that asks for too much of it.
 *
 * In: `FloodOrder` messages. Out: first the URL of the upstream, then a `FloodTally` for each order that ended.
 * Bounds: `underWayMax` requests at a time; what would be more is counted and not sent.
 */
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";

export const floods = {
  /** Calls that take four seconds each: 2,500 at once. */
  calls: { perSecond: 625 },
  /** Requests of the API. */
  questions: { perSecond: 50 },
  /** 4 MiB in each direction. */
  bodies: { perSecond: 3 },
  /** 100 KB that become 100 MB, and JSON of a million values. */
  bombs: { perSecond: 10 },
} as const;

export type Flood = keyof typeof floods;

export interface FloodOrder {
  readonly flood: Flood;
  /** Of the proxy, or for questions of the API. */
  readonly url: string;
  readonly token: string;
  readonly ms: number;
}

/** How many answers there were of each status; 0 for none at all. */
export interface FloodTally {
  readonly flood: Flood;
  readonly statuses: Readonly<Record<number, number>>;
}

const underWayMax = 1_024;
const answerMaxMs = 20_000;
const slowMs = 4_000;
const large = "large body ".repeat(381_000);
const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, 0x20));
/** Made once, so that the flood costs little where it comes from. */
const answers = { small: answer(""), large: answer(large) };
const requests = {
  small: call("{}"),
  large: call(JSON.stringify({ name: "x", arguments: { large } })),
  manyValues: call(`[${"{},".repeat(1_000_000)}{}]`),
};

const upstream = createServer(async (incoming, response) => {
  for await (const _ of incoming);
  const flood = incoming.headers["x-flood"];
  response.setHeader("content-type", "application/json");
  if (flood === "bombs") {
    response.setHeader("content-encoding", "gzip");
    response.end(bomb);
    return;
  }
  if (flood === "calls") await sleep(slowMs);
  response.end(flood === "bodies" ? answers.large : answers.small);
});
const agent = new Agent({ keepAlive: true, maxSockets: underWayMax });

if (process.send) {
  upstream.listen(0, "127.0.0.1", () => {
    process.send?.({ url: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/mcp` });
  });
  process.on("message", (order: FloodOrder) => {
    void overflow(order).then((tally) => process.send?.(tally));
  });
  process.on("disconnect", () => process.exit());
}

async function overflow({ flood, url, token, ms }: FloodOrder): Promise<FloodTally> {
  const statuses: Record<number, number> = {};
  const underWay = new Set<Promise<void>>();
  const startedMs = performance.now();
  const everyMs = 1_000 / floods[flood].perSecond;
  for (let sent = 0; performance.now() - startedMs < ms; sent += 1) {
    const waitMs = startedMs + sent * everyMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    if (underWay.size >= underWayMax) continue;
    const asked = ask(flood, url, token, sent).then((status) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
    });
    underWay.add(asked);
    void asked.then(() => underWay.delete(asked));
  }
  await Promise.all(underWay);
  return { flood, statuses };
}

/** Resolves to the status, 0 when there is no answer. */
function ask(flood: Flood, url: string, token: string, turn: number): Promise<number> {
  const body = bodyOf(flood, turn);
  const own = { "content-type": "application/json", "content-length": body.length };
  const isQuestion = flood === "questions";
  const headers = isQuestion ? { authorization: `Bearer ${token}` } : { ...own, "x-flood": flood };
  const method = isQuestion ? "GET" : "POST";
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(answerMaxMs);
    const out = request(url, { method, agent, headers, signal }, (response) => {
      response.resume();
      response.on("error", () => resolve(0));
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    out.on("error", () => resolve(0));
    out.end(isQuestion ? undefined : body);
  });
}

function bodyOf(flood: Flood, turn: number): Buffer {
  if (flood === "bodies") return requests.large;
  return flood === "bombs" && turn % 10 === 0 ? requests.manyValues : requests.small;
}

function call(params: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
}

function answer(text: string): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { text } }));
}
