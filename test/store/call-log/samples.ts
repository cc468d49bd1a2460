/** Calls with every text hostile and every number at an edge, and many that differ in everything. */
import {
  type Call,
  callDirections,
  callKinds,
  callStatuses,
  errorKinds,
  resultTypes,
} from "../../../src/call.ts";
import { call, id, otherTeamId, startMs, teamId } from "../builders.ts";

export const hostile = "\u0000'; DROP TABLE calls; --\\ \"%_é😀\u202e\uffff";

const everyPhase = {
  ...{ blockedMs: 0.01, dnsMs: 4_999.99, connectMs: 0.3, tlsMs: 12.34, sendMs: 0 },
  ...{ waitMs: 2 ** 31, receiveMs: 1e9, overheadMs: 0.29 },
};

export const fullCall = call(`full ${hostile}`, {
  parentId: id("parent"),
  logicalId: id("first round"),
  serverId: id("s"),
  kind: "http",
  direction: "server",
  method: hostile,
  toolName: `tool ${hostile}`,
  rpcId: "12345678901234567890",
  path: `/${hostile}`,
  requestBody: hostile.repeat(50),
  responseBody: `{"a":${JSON.stringify(hostile)}}`,
  status: "timeout",
  resultType: "input_required",
  statusCode: 504,
  errorMessage: `error ${hostile}`,
  errorKind: "timeout",
  errorCode: -32_603,
  durationMs: 2_147_483_647,
  ttfbMs: null,
  timings: everyPhase,
  sourceIp: "2001:db8::1",
  headers: Object.fromEntries([
    ["__proto__", "polluted"],
    ["constructor", hostile],
    ["", ""],
  ]),
  headerMismatches: ["mcp-name", hostile],
  sessionId: "0123456789abcdef0123456789abcdef",
  protocolVersion: "2026-07-28",
  clientName: hostile,
  clientVersion: hostile,
  requestBytes: Number.MAX_SAFE_INTEGER,
  responseBytes: 0,
  requestTruncated: true,
  responseTruncated: true,
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  startedAtMs: 1_760_000_000_123,
  messages: [
    { atMs: 1_760_000_000_124, offsetMs: 1, direction: "server", body: hostile },
    { atMs: 1_760_000_000_125, offsetMs: 2, direction: "client", body: "" },
  ],
});

export const emptyCall = call("empty", {
  method: "",
  toolName: "",
  resultType: "",
  rpcId: "",
  requestBody: "",
  responseBody: "",
  statusCode: 0,
  durationMs: 0,
  ttfbMs: 0,
  sourceIp: "",
  headers: {},
  protocolVersion: "",
  clientName: "",
  clientVersion: "",
  requestBytes: 0,
  responseBytes: 0,
  startedAtMs: 0,
});

const safe = Number.MAX_SAFE_INTEGER;

/** On top of what differs otherwise. */
const timed: readonly Partial<Call>[] = [
  { replayOf: id("replayed"), timings: everyPhase },
  ...[0, 0.07, 1.1, 2 ** 40].map((ms) => ({
    timings: {
      ...{ blockedMs: ms, dnsMs: null, connectMs: null, tlsMs: null },
      ...{ sendMs: null, waitMs: null, receiveMs: null, overheadMs: ms },
    },
  })),
];

/** One value of a call at an edge, all others as ever. */
const edges: readonly Partial<Call>[] = [
  // The ends of Date, the years 1, 1969, 1970, 2100 and 9999.
  ...[-8.64e15, -62_135_596_800_000, -1, 0, 4_102_444_800_000, 253_402_300_799_999, 8.64e15].map(
    (startedAtMs) => ({ startedAtMs }),
  ),
  ...[2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40, safe].map((durationMs) => ({
    durationMs,
  })),
  ...[null, 0, 1, 2 ** 32, safe].map((ttfbMs) => ({ ttfbMs })),
  ...[0, 1, -1, 2 ** 31, -(2 ** 31) - 1, safe, -safe].map((errorCode) => ({ errorCode })),
  ...[100, 255, 256, 599, 999].map((statusCode, nth) => ({ statusCode, ...timed[nth] })),
  ...[0, 2 ** 32, safe].map((requestBytes) => ({ requestBytes, responseBytes: requestBytes })),
  ...callKinds.map((kind) => ({ kind })),
  ...callDirections.map((direction) => ({ direction })),
  ...callStatuses.map((status) => ({ status })),
  ...resultTypes.map((resultType) => ({ resultType })),
  ...errorKinds.map((errorKind) => ({ errorKind })),
  { requestTruncated: true },
  { responseTruncated: true },
  ...["x".repeat(1_000), "😀".repeat(500), "0", "null", " ", "\n", "e\u0301", "é"].map((name) => ({
    method: name,
    toolName: name,
    clientName: name,
    clientVersion: name,
    protocolVersion: name,
    rpcId: name,
  })),
  { path: `/${"p".repeat(1_999)}`, errorMessage: "m".repeat(2_000), sourceIp: "fe80::1%eth0" },
  { headers: Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`x-${n}`, `${n}`])) },
  { headers: { authorization: "Bearer [redacted]" }, headerMismatches: ["a", "a", ""] },
  { headers: { "x-long": "h".repeat(16_000) } },
  { requestBody: "r".repeat(1_048_576), responseBody: "é".repeat(524_288) },
  {
    messages: Array.from({ length: 300 }, (_, n) => ({
      atMs: startMs + n,
      offsetMs: n,
      direction: n % 3 === 0 ? "client" : "server",
      body: `${n}`.repeat(n),
    })),
  },
  { messages: [{ atMs: -1, offsetMs: 2 ** 33, direction: "server", body: hostile }] },
  {
    id: "00000000-0000-7000-8000-000000000000",
    parentId: "ffffffff-ffff-7fff-bfff-ffffffffffff",
    logicalId: "ffffffff-ffff-7fff-bfff-fffffffffffe",
  },
  {
    id: "ffffffff-ffff-7fff-bfff-ffffffffffff",
    parentId: "00000000-0000-7000-8000-000000000001",
    logicalId: "00000000-0000-7000-8000-000000000000",
  },
];

export const edgeCalls: readonly Call[] = [
  fullCall,
  emptyCall,
  ...edges.map((changes, index) => call(`edge ${index}`, changes)),
];

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
export function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const words = ["alpha", "BETA", "gamma Δ", "two words", "al\u0000pha", ""];

/**
 * So many calls whose fields differ independently of each other, in the order in which they end, so that their
 * starts and their ids are in another: bursts of one millisecond, and days between them.
 */
export function mixedCalls(count: number): Call[] {
  const random = sequence(count);
  const whole = (below: number) => Math.floor(random() * below);
  const pick = <Value>(...values: readonly Value[]) => values[whole(values.length)] as Value;
  return Array.from({ length: count }, (_, index) => {
    const status = pick("success", "success", "success", "error", "timeout");
    const label = `mixed ${index}`;
    return call(label, {
      teamId: whole(6) === 0 ? otherTeamId : teamId,
      serverId: id(`server ${whole(4)}`),
      kind: pick("request", "request", "notification", "http"),
      direction: pick("client", "client", "client", "server"),
      method: pick("tools/call", "tools/call", "tools/list", "", "m\u0000é"),
      toolName: pick("", "one", "two", "Two", "O'Neill"),
      status,
      errorKind: status === "success" ? "" : pick(...errorKinds),
      errorMessage: status === "success" ? "" : pick(...words),
      sessionId: pick("", "5e55", "0ff5"),
      clientName: pick("", "agent", "другой"),
      parentId: whole(3) === 0 ? id(`call mixed ${whole(5)}`) : "",
      ...(whole(4) === 0 ? { logicalId: id(`call mixed ${whole(5)}`) } : {}),
      requestBody: pick(...words).repeat(whole(3)),
      responseBody: pick(...words),
      durationMs: pick(0, 1, 12, 499, 500, 501, whole(5_000)),
      startedAtMs: startMs + whole(9) * 40_000_000 + whole(4) * pick(1, 1, 900_000),
      messages: whole(5) === 0 ? [{ atMs: 1, offsetMs: 0, direction: "server", body: "m" }] : [],
    });
  });
}
