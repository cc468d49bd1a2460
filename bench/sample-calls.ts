/**
 * Calls as agents make them, the same each run: sessions of some 30 calls of one client with one server, 50 servers
 * with 4 tools each, few of them busy and most of them not, 8 clients, several teams.
 *
 * In: a time span and a size of bodies. Out: calls in the order of their ends, as a log gets them: ids are UUIDv7 of
 * the start, and a long call comes long after those that started with it. Bounds: some 100 sessions and the calls
 * under way, all in memory.
 */
import type { Call, ErrorKind } from "../src/call.ts";
import { type Random, randomOf } from "./random.ts";
import { absentWord, proseOf, rareWord, recordsOf } from "./sample-text.ts";

export interface SampleOptions {
  /** The first makes 85 % of the calls, with 50 servers of its own; each of the others has 5. */
  readonly teamIds: readonly string[];
  readonly sinceMs: number;
  /** From one start to the next, milliseconds. */
  readonly stepMs: number;
  /** `full`: 1.7 KB a call with headers; `small`: 0.7 KB. */
  readonly bodies?: "full" | "small";
  readonly seed?: number;
}

/** Of the first team, by how busy they are; the ninth makes 2 % of all calls there are. */
export const sampleServers: readonly string[] = serverIds(1, 50);
export const frequentTool = toolName(0, 0);
/** Some 0.1 % of the calls of the first team. */
export const rareTool = toolName(49, 3);
export { absentWord, rareWord };

const clients = "claude-code cursor vscode langchain claude-ai inspector n8n codex".split(" ");
const sessionsOpen = 100;
const sessionCalls = 30;
const hourMs = 3_600_000;

interface Session {
  readonly teamId: string;
  readonly server: number;
  readonly serverId: string;
  readonly sessionId: string;
  readonly client: string;
  readonly version: string;
  readonly ip: string;
  calls: number;
}

export function* sampleCalls(options: SampleOptions): Generator<Call, never> {
  const random = randomOf(options.seed ?? 42);
  const sessions = Array.from({ length: sessionsOpen }, () => newSession(options, random));
  const underWay = new ByEnd();
  for (let number = 0; ; number += 1) {
    const startedAtMs = Math.floor(options.sinceMs + number * options.stepMs);
    for (let ended = underWay.take(startedAtMs); ended; ended = underWay.take(startedAtMs))
      yield ended;
    const at = random.below(sessions.length);
    let session = sessions[at];
    if (!session || (session.calls > 2 && random.next() < 1 / sessionCalls)) {
      session = newSession(options, random);
      sessions[at] = session;
    }
    const call = callOf(session, number, startedAtMs, options.bodies ?? "full", random);
    session.calls += 1;
    underWay.add(call);
  }
}

function newSession({ teamIds }: SampleOptions, random: Random): Session {
  const team =
    teamIds.length > 1 && random.next() < 0.15 ? 1 + random.below(teamIds.length - 1) : 0;
  const server = random.skewed(team === 0 ? 50 : 5);
  const client = random.skewed(clients.length);
  return {
    teamId: teamIds[team] ?? "",
    server,
    serverId: (team === 0 ? sampleServers : serverIds(team + 1, 5))[server] ?? "",
    // The 2026-07-28 protocol has none.
    sessionId: random.next() < 0.2 ? "" : random.hex(32),
    client: clients[client] ?? "",
    version: `${client}.${random.skewed(6)}.${random.skewed(4)}`,
    ip: `10.0.${random.skewed(4)}.${random.skewed(250)}`,
    calls: 0,
  };
}

function callOf(
  session: Session,
  number: number,
  startedAtMs: number,
  bodies: "full" | "small",
  random: Random,
): Call {
  const { method, kind, tool } = what(session, random);
  const outcome = outcomeOf(random);
  const durationMs = durationOf(kind, random);
  const id = uuid(startedAtMs, number, random);
  const traceId = random.hex(32);
  const requestBody = kind === "http" ? "" : request(method, tool, kind, number, bodies, random);
  const responseBody = kind === "request" ? response(method, outcome, number, bodies, random) : "";
  const streams = random.next() < 0.03 && kind === "request";
  return {
    id,
    parentId: "",
    logicalId: id,
    teamId: session.teamId,
    serverId: session.serverId,
    kind,
    direction: random.next() < 0.01 ? "server" : "client",
    method,
    toolName: tool,
    rpcId: kind === "request" ? `${number}` : "",
    path: "",
    requestBody,
    responseBody,
    status: outcome.status,
    resultType: outcome.status === "success" && kind === "request" ? "complete" : "",
    statusCode: outcome.errorKind === "http" ? 502 : outcome.status === "timeout" ? 504 : 200,
    errorMessage: outcome.message,
    errorKind: outcome.errorKind,
    errorCode: outcome.errorKind === "jsonrpc" ? -32_603 : null,
    durationMs,
    ttfbMs: outcome.status === "timeout" ? null : Math.floor(durationMs * 0.9),
    sourceIp: session.ip,
    headers: headersOf(session, requestBody.length, traceId, random),
    headerMismatches: [],
    sessionId: session.sessionId,
    protocolVersion: session.sessionId === "" ? "2026-07-28" : "2025-11-25",
    clientName: session.client,
    clientVersion: session.version,
    requestBytes: requestBody.length,
    responseBytes: responseBody.length,
    requestTruncated: false,
    responseTruncated: false,
    traceId,
    startedAtMs,
    messages: streams ? [progress(number, startedAtMs, 1), progress(number, startedAtMs, 2)] : [],
  };
}

/** A session opens, looks around and calls tools; now and then it opens a stream. */
function what(
  { calls, server }: Session,
  random: Random,
): Pick<Call, "kind" | "method"> & { tool: string } {
  if (calls === 0) return { kind: "request", method: "initialize", tool: "" };
  if (calls === 1) return { kind: "notification", method: "notifications/initialized", tool: "" };
  if (calls === 2) return { kind: "request", method: "tools/list", tool: "" };
  const dice = random.next();
  if (dice < 0.015) return { kind: "http", method: "GET", tool: "" };
  if (dice < 0.045) return { kind: "request", method: "resources/read", tool: "" };
  if (dice < 0.065) return { kind: "request", method: "ping", tool: "" };
  return { kind: "request", method: "tools/call", tool: toolName(server, random.skewed(4)) };
}

interface Outcome extends Pick<Call, "status"> {
  readonly errorKind: ErrorKind | "";
  readonly message: string;
}

function outcomeOf(random: Random): Outcome {
  const dice = random.next();
  if (dice > 0.05) return { status: "success", errorKind: "", message: "" };
  const message = proseOf(40 + random.below(60), random);
  if (dice < 0.005) return { status: "timeout", errorKind: "timeout", message };
  const errorKinds = ["tool", "tool", "tool", "jsonrpc", "http", "transport"] as const;
  return { status: "error", errorKind: errorKinds[random.below(6)] ?? "tool", message };
}

/** Tens of milliseconds mostly, seconds sometimes; streams and a few calls take minutes to hours. */
function durationOf(kind: Call["kind"], random: Random): number {
  if (kind === "http") return random.below(4 * hourMs);
  if (random.next() < 0.003) return 30_000 + random.below(600_000);
  return Math.floor(Math.exp(2.5 + 3 * random.next() + 2.5 * random.next() ** 6));
}

function request(
  method: string,
  tool: string,
  kind: Call["kind"],
  number: number,
  bodies: "full" | "small",
  random: Random,
): string {
  const id = kind === "request" ? `"id":${number},` : "";
  const params =
    bodies === "small"
      ? `{"name":"${tool}","arguments":{"query":"${proseOf(20, random)}"}}`
      : `{"name":"${tool}","arguments":{"query":"${proseOf(60 + random.below(160), random)}","cursor":"${random.hex(32)}","limit":${random.below(100)}}}`;
  return `{"jsonrpc":"2.0",${id}"method":"${method}","params":${params}}`;
}

function response(
  method: string,
  { status, errorKind, message }: Outcome,
  number: number,
  bodies: "full" | "small",
  random: Random,
): string {
  const head = `{"jsonrpc":"2.0","id":${number},`;
  if (errorKind === "jsonrpc") return `${head}"error":{"code":-32603,"message":"${message}"}}`;
  if (status === "timeout") return "";
  if (method === "ping") return `${head}"result":{}}`;
  const isRecords = random.next() < 0.5;
  const length = bodies === "small" ? 40 : 200 + random.below(1_400);
  const text =
    status === "error" ? message : isRecords ? recordsOf(length, random) : proseOf(length, random);
  const part = `{"type":"text","text":${isRecords ? JSON.stringify(text) : `"${text}"`}}`;
  return `${head}"result":{"content":[${part}],"isError":${status === "error"}}}`;
}

function headersOf(
  session: Session,
  length: number,
  traceId: string,
  random: Random,
): Call["headers"] {
  return {
    host: "127.0.0.1:7070",
    connection: "keep-alive",
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "accept-encoding": "gzip, deflate, br",
    "content-length": `${length}`,
    authorization: `[redacted:bearer:${random.hex(8)}]`,
    "mcp-protocol-version": "2025-11-25",
    "user-agent": `${session.client}/${session.version}`,
    traceparent: `00-${traceId}-${random.hex(16)}-01`,
  };
}

function progress(number: number, startedAtMs: number, step: number): Call["messages"][number] {
  const body = `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${number},"progress":${step}}}`;
  return { atMs: startedAtMs + step * 10, offsetMs: step * 10, direction: "server", body };
}

function toolName(server: number, tool: number): string {
  const verbs = ["search", "get", "create", "update"];
  return `${verbs[tool]}_${server}`;
}

/** UUIDv7: 48 bits of time, then a counter, so that ids of one millisecond ascend. */
function uuid(atMs: number, number: number, random: Random): string {
  const time = atMs.toString(16).padStart(12, "0");
  const counter = (number % 4_096).toString(16).padStart(3, "0");
  const rest = random.hex(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-8${rest.slice(1, 4)}-${rest.slice(4)}`;
}

function serverIds(team: number, count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, at) =>
      `01990000-0000-7000-8${team.toString(16).padStart(3, "0")}-${at.toString(16).padStart(12, "0")}`,
  );
}

/** Calls under way: a binary heap, the one that ends first on top. */
class ByEnd {
  readonly #heap: Call[] = [];

  add(call: Call): void {
    const heap = this.#heap;
    let at = heap.push(call) - 1;
    for (let up = (at - 1) >> 1; at > 0 && this.#endMs(at) < this.#endMs(up); up = (at - 1) >> 1) {
      this.#swap(at, up);
      at = up;
    }
  }

  /** The next that has ended by then, if any. */
  take(untilMs: number): Call | undefined {
    const heap = this.#heap;
    const [first] = heap;
    if (!first || this.#endMs(0) > untilMs) return undefined;
    const last = heap.pop();
    if (last && heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #sink(): void {
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const least = this.#endMs(right) < this.#endMs(left) ? right : left;
      if (this.#endMs(least) >= this.#endMs(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #endMs(at: number): number {
    const call = this.#heap[at];
    return call ? call.startedAtMs + call.durationMs : Number.POSITIVE_INFINITY;
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (!a || !b) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
