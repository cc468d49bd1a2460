/**
 * Ways to mistreat the host that it must bear without a word: clients that vanish, servers that break, bytes that are
 * no HTTP, bodies made to break readers, questions that make no sense, servers that come and go.
 *
 * In: where the host is. Out: one round of each at a time, again and again until told to stop. What becomes of a
 * round does not matter here. Bounds: each round ends within `roundMaxMs`.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Api } from "../test/e2e/api.ts";
import { apiKey } from "./host-process.ts";

const roundMaxMs = 5_000;
const pauseMs = 20;

export interface Target {
  readonly url: string;
  readonly api: Api;
  /** Proxy URL of a server that answers everything. */
  readonly patientUrl: string;
  /** Proxy URL of a server that breaks in another way each time. */
  readonly brokenUrl: string;
}

export type Abuse = (target: Target, turn: number) => Promise<void>;

export const abuses: Readonly<Record<string, Abuse>> = {
  "clients that vanish": vanish,
  "servers that break": async ({ brokenUrl }) => ask(brokenUrl, call),
  "bytes that are no HTTP": async ({ url }, turn) => sendRaw(url, pick(noHttp, turn), 200),
  "bodies that break readers": async ({ patientUrl }, turn) =>
    ask(patientUrl, pick(hostileBodies, turn)()),
  "questions without sense": async ({ url }, turn) => question(url, pick(questions, turn)),
  "servers that come and go": comeAndGo,
  "followers that vanish": async ({ url }) =>
    sendRaw(url, request("GET", "/v1/mcp/calls/stream", ""), 50),
};

/** Resolves to the rounds made of each, when `signal` is aborted. */
export async function abuse(
  target: Target,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const rounds: Record<string, number> = {};
  const again = async ([name, round]: [string, Abuse]) => {
    for (let turn = 0; !signal.aborted; turn += 1) {
      await Promise.race([round(target, turn).catch(() => undefined), sleep(roundMaxMs)]);
      rounds[name] = turn + 1;
      await sleep(pauseMs);
    }
  };
  await Promise.all(Object.entries(abuses).map(again));
  return rounds;
}

const call = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "x", arguments: { password: "hunter2" } },
});

async function vanish({ patientUrl, brokenUrl }: Target, turn: number): Promise<void> {
  const url = new URL(turn % 2 === 0 ? patientUrl : brokenUrl);
  const whole = request("POST", url.pathname, call);
  const half = whole.slice(0, Math.floor((whole.length * (turn % 9)) / 8));
  await sendRaw(url.origin, half, turn % 7);
}

async function comeAndGo({ api, url }: Target): Promise<void> {
  const server = await api.addServer("passing", "http://127.0.0.1:9/mcp");
  const asked = ask(`${url}/p/${server.slug}`, call).catch(() => undefined);
  await api.changeServer(server.id, { capture_level: "metadata" });
  await api.removeServer(server.id);
  await asked;
}

const noHttp: readonly string[] = [
  "\0\0\0\0\r\n\r\n",
  "GET\r\n\r\n",
  "GET / HTTP/1.1\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "POST /p/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /p/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /p/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
  `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"b".repeat(100_000)}\r\n\r\n`,
  "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
  "GET /metrics HTTP/1.1\r\nHost: localhost\r\n__proto__: x\r\nconstructor: y\r\n\r\n",
];

const hostileBodies: readonly (() => string | Buffer)[] = [
  () => `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  () =>
    `{"jsonrpc":"2.0","id":1,"method":"x","params":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}`,
  () => `[${"{},".repeat(300_000)}{}]`,
  () => `[${Array.from({ length: 100 }, (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"x"}`)}]`,
  () =>
    '{"jsonrpc":"2.0","id":1,"method":"x","params":{"__proto__":{"polluted":1},"constructor":{}}}',
  () => '{"jsonrpc":"2.0","id":1,"method":"\\u0000","params":{"\\ud800":"\\udfff"}}',
  () => Buffer.from([0xff, 0xfe, 0x00, 0x7b, 0x80]),
  () => gzipSync(Buffer.alloc(50_000_000)),
  () => `{"text":"password: a${".b?".repeat(60_000)}%"}`,
  () => "",
];

const questions: readonly (readonly [method: string, path: string, body?: string])[] = [
  ["GET", "/v1/mcp/calls?limit=-1&cursor=x"],
  ["GET", "/v1/mcp/calls?from=never&q=%00"],
  ["GET", "/v1/mcp/calls/00000000-0000-0000-0000-000000000000"],
  ["GET", "/v1/mcp/calls/metrics?days=365&server_id='; DROP TABLE calls"],
  ["GET", "/v1/mcp/calls/export?format=xml"],
  ["GET", "/v1/mcp/calls/export?format=ndjson"],
  ["POST", "/v1/mcp/servers", "{"],
  ["POST", "/v1/mcp/servers", '{"__proto__":{"name":"x"},"name":7}'],
  ["PUT", "/v1/mcp/servers/x", "[]"],
  ["POST", "/v1/auth/login", '{"email":"a@b.example","password":"wrong wrong wrong"}'],
  ["DELETE", "/v1/mcp/calls/x"],
  ["GET", "/nowhere/%ff"],
];

async function question(
  url: string,
  [method, path, body]: (typeof questions)[number],
): Promise<void> {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    ...(body !== undefined && { body }),
  });
  if (answer.status >= 500) throw new Error(`${method} ${path}: ${answer.status}`);
  // An export of it all is larger than this process.
  await answer.body?.pipeTo(new WritableStream());
}

async function ask(url: string, body: string | Buffer): Promise<void> {
  const headers = {
    "content-type": "application/json",
    ...(typeof body === "string" ? {} : { "content-encoding": "gzip" }),
  };
  const answer = await fetch(url, {
    method: "POST",
    headers,
    body: new Uint8Array(Buffer.from(body)),
  });
  await answer.arrayBuffer();
}

function request(method: string, path: string, body: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Leaves so long after it has sent. */
async function sendRaw(url: string, text: string, afterMs: number): Promise<void> {
  const { port } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  socket.resume();
  socket.write(text);
  await Promise.race([once(socket, "close"), sleep(afterMs)]);
  socket.destroy();
}

function pick<One>(all: readonly One[], turn: number): One {
  const one = all[turn % all.length];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
}

const json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const breaks: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(),
  (socket) => socket.end("garbage\r\n\r\n"),
  (socket) => socket.end(`${json}Content-Length: 99\r\n\r\n{"jsonrpc"`),
  (socket) => socket.end(`${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n`),
  (socket) => socket.end(`${json}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`),
  (socket) => socket.end(`${json}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope`),
  (socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
  (socket) => socket.end(`HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(10_000)}\r\n`),
  (socket) => socket.end(`${stream}data: {"jsonrpc":"2.0","id":1,"res`),
  (socket) =>
    socket.end(`${stream}data: {"jsonrpc":"2.0","method":"__proto__"}\n\ndata: [1]\n\n\0`),
  (socket) => socket.end("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://[\r\n\r\n"),
];

export interface AbusedServer extends AsyncDisposable {
  readonly url: string;
}

/** A server that answers whatever it is sent, by what it was sent. */
export async function startPatient(): Promise<AbusedServer> {
  const server = createHttpServer((incoming, response) => {
    incoming.on("error", () => undefined).pipe(response);
    response.setHeader("content-type", "application/json");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: urlOf(server),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

/** A server that answers each request by another of its faults. */
export async function startBroken(): Promise<AbusedServer> {
  let turn = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    socket.once("data", () => {
      turn += 1;
      pick(breaks, turn)(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: urlOf(server),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
