/** A host whose socket somebody else holds is restarted, and its clients do not notice; each host tells that it leaves. */
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { HeldSocket } from "./held-socket.ts";
import { RawClient } from "./raw-client.ts";
import { startRig } from "./rig.ts";
import { event, eventStream, type ScriptedUpstream, startScripted } from "./scripted-upstream.ts";
import { until } from "./until.ts";

const apiKey = "restart-test-key-0123456789abcdef";
const restarts = 2;

test("a restart loses no call: none fails, and each is in the log, once", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-restart-"));
  const seen: number[] = [];
  await using upstream = await startUpstream(seen);
  using socket = new HeldSocket();
  const start = () => startRig({ dataDir, apiKey, socket });
  let rig = await start();
  expect(rig.url).toBe(socket.url);
  const { server, url } = await rig.register(upstream.url);
  const streaming = await rig.register(upstream.url);
  const callers = Object.values(sends).map((send) => new Caller(url, send));

  for (let restart = 0; restart < restarts; restart += 1) {
    using stream = new RawClient(socket.url);
    stream.sendHead("GET", streaming.url, { accept: "text/event-stream" });
    await stream.receive("data: ", 10_000);
    const answered = seen.length;
    const slow = ["slow", "slow events"].map((kind) => callers[0]?.ask(kind));
    await until(
      "the slow calls, and others",
      10_000,
      () => seen.length - answered,
      (n) => n > 10,
    );
    await rig[Symbol.asyncDispose]();
    expect(await stream.ended()).toEqual({ clean: true });
    expect(stream.received).toMatch(/\n\n\r\n0\r\n\r\n$/);
    await Promise.all(slow);
    rig = await start();
  }
  for (const caller of callers) await caller.end();
  expect(callers.flatMap(({ failures }) => failures)).toEqual([]);
  const asked = callers.reduce((sum, { calls }) => sum + calls, 0);
  expect(seen.length).toBe(asked);
  expect(new Set(seen).size).toBe(asked);
  const count = () => rig.api.count({ server_id: server.id });
  await until("every call in the log", 10_000, count, (n) => n === asked);
  await rig[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
}, 120_000);

test("a host that was told to wait before it leaves says so, and answers on", async () => {
  await using upstream = await startUpstream([]);
  const rig = await startRig({ environment: { HOOKWATCH_DRAIN_DELAY_MS: "6000" } });
  const { url } = await rig.register(upstream.url);
  expect((await fetch(`${rig.url}/readyz`)).status).toBe(200);
  const stopped = rig[Symbol.asyncDispose]();
  await until(
    "that it is not ready",
    5_000,
    async () => (await fetch(`${rig.url}/readyz`)).text(),
    (text) => text === "not ready: the host is stopping\n",
  );
  expect((await fetch(`${rig.url}/healthz`)).status).toBe(200);
  const { status, connection } = await sends.fetch(url, message(1, "quick"));
  expect({ status, connection }).toEqual({ status: 200, connection: "close" });
  await stopped;
  await expect(fetch(`${rig.url}/healthz`)).rejects.toThrow();
}, 60_000);

/** Answers with the id, some calls late; streams events to whoever listens. */
function startUpstream(seen: number[]): Promise<ScriptedUpstream> {
  return startScripted(async ({ request: { method }, response, body }) => {
    if (method === "GET") {
      response.writeHead(200, eventStream);
      const speak = () =>
        response.write(event({ jsonrpc: "2.0", method: "notifications/message", params: {} }));
      speak();
      const speaking = setInterval(speak, 20);
      response.once("close", () => clearInterval(speaking));
      return;
    }
    const { id, params } = JSON.parse(await body()) as { id: number; params: { kind: string } };
    seen.push(id);
    const answer = { jsonrpc: "2.0", id, result: {} };
    if (params.kind === "slow events") {
      response.writeHead(200, eventStream);
      response.write(": begun\n\n");
    }
    if (params.kind !== "quick") await sleep(1_500);
    if (params.kind === "slow events") response.end(event(answer));
    else response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly connection: string | null;
}
type Send = (url: string, body: string) => Promise<Answer>;

let lastId = 0;

/** Calls and calls, with a pause in which its connection is idle; keeps what went wrong. */
class Caller {
  readonly failures: unknown[] = [];
  calls = 0;
  readonly #url: string;
  readonly #send: Send;
  readonly #calling: Promise<void>;
  #over = false;

  constructor(url: string, send: Send) {
    this.#url = url;
    this.#send = send;
    this.#calling = this.#call();
  }

  async ask(kind: string): Promise<void> {
    lastId += 1;
    const id = lastId;
    this.calls += 1;
    try {
      const { status, text } = await this.#send(this.#url, message(id, kind));
      if (status !== 200 || !text.includes(`"id":${id},"result"`))
        throw new Error(`${status}: ${text}`);
    } catch (cause) {
      this.failures.push(cause);
    }
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#calling;
  }

  async #call(): Promise<void> {
    while (!this.#over) {
      await this.ask("quick");
      await sleep(10);
    }
  }
}

const message = (id: number, kind: string) =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "x", kind } });

const fields = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};
const keeping = new Agent({ keepAlive: true });

const sends = {
  async fetch(url, body) {
    const response = await fetch(url, { method: "POST", headers: fields, body });
    const connection = response.headers.get("connection");
    return { status: response.status, text: await response.text(), connection };
  },
  agent: (url, body) => byRequest(url, body, keeping),
  afresh: (url, body) => byRequest(url, body, false),
} satisfies Record<string, Send>;

function byRequest(url: string, body: string, agent: Agent | false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...fields, "content-length": Buffer.byteLength(body) };
    const out = request(url, { method: "POST", agent, headers }, (response) => {
      const status = response.statusCode ?? 0;
      const connection = response.headers.connection ?? null;
      response.setEncoding("utf8");
      Array.fromAsync(response).then(
        (parts) => resolve({ status, text: parts.join(""), connection }),
        reject,
      );
    });
    out.on("error", reject);
    out.end(body);
  });
}
