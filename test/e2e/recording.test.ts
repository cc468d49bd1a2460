/** After each scenario the log says what was said: compared with the bytes that the client saw. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { McpEndpoint } from "../../demo/mcp-endpoint.ts";
import type { CallRow } from "./api.ts";
import { type ClientKind, clientKinds, connect } from "./clients.ts";
import { type ExpectedCall, expectedCalls, type Message } from "./expected-calls.ts";
import { type Rig, rigForFile } from "./rig.ts";
import { scenariosFor } from "./scenarios.ts";
import { Signals } from "./signals.ts";
import { until } from "./until.ts";
import { startUpstream } from "./upstream.ts";
import { upstreamWords } from "./vocabulary.ts";

const rig = rigForFile();
const signals = new Signals();
const words = upstreamWords(signals);
let upstream: McpEndpoint;

beforeAll(async () => {
  upstream = await startUpstream(signals);
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** Several data planes are shown what one client does that has sessions. */
const kinds = process.env.HOOKWATCH_TEST_DATA_PLANES ? (["v2 legacy"] as const) : clientKinds;

describe.for(kinds)("what a %s client did is in the log", (kind) => {
  const finished = scenariosFor(kind, words).filter(([, { leaves }]) => !leaves);
  test.for(finished)("%s", async ([, scenario]) => {
    const { server, url } = await rig().register(upstream.url);
    await using client = await connect(kind, url, scenario.client);
    await scenario.run({ client, url, words });
    await client.wire.quiet();
    const expected = expectedCalls(client.wire.exchanges);
    const calls = await rig().untilCalls(
      { server_id: server.id },
      (all) => all.filter(isNoStream).length >= expected.length,
    );
    await expectCalls(rig(), calls, expected);
    expectOneSession(calls, kind);
    await expectAgreement(rig(), server.id, calls);
  });
});

/** Each expectation is met by one call and each call meets one. */
async function expectCalls(
  { api }: Rig,
  summaries: readonly CallRow[],
  expected: readonly ExpectedCall[],
): Promise<void> {
  const calls = await Promise.all(summaries.map(({ id }) => api.call(id)));
  const open = calls.filter(isNoStream);
  expect(open.map(brief).sort()).toEqual(expected.map(({ row }) => brief(row)).sort());
  const found = new Map<Message, CallRow>();
  for (const one of expected) {
    const at = open.findIndex((call) => brief(call) === brief(one.row));
    const [call] = open.splice(at, 1);
    if (!call) throw new Error(`no call for ${brief(one.row)}`);
    if (one.message) found.set(one.message, call);
    expectBodies(call, one);
    const { request_body, response_body, ...rest } = one.row;
    expect(call).toMatchObject(rest);
    expect(call).toMatchObject({ path: "", header_mismatches: [] });
    expect(call.session_id !== null).toBe(one.inSession);
    expectTimes(call, one);
    const messages = await api.messages(call.id);
    const notifications = messages.filter(({ body }) => !("id" in JSON.parse(body)));
    expect(notifications.map(({ body }) => body)).toEqual(one.notifications);
    for (const { direction, offset_ms } of notifications) {
      expect(direction).toBe("server");
      expect(offset_ms).toBeLessThanOrEqual(call.duration_ms + 1);
    }
  }
  for (const one of expected) expectRelatives(found, one);
}

function expectRelatives(found: ReadonlyMap<Message, CallRow>, one: ExpectedCall): void {
  const call = one.message && found.get(one.message);
  if (!call) return;
  if (one.parent !== undefined) {
    expect(call.parent_id).toBe(one.parent && (found.get(one.parent)?.id ?? "not recorded"));
  }
  const first = one.firstRound ? found.get(one.firstRound) : call;
  expect(call.logical_id).toBe(first?.id);
}

/** A GET stream ends with the client, at a moment of its own. */
function isNoStream({ kind, method }: CallRow): boolean {
  return kind !== "http" || method !== "GET";
}

const bodyMaxBytes = 1_048_576;

function expectBodies(call: CallRow, { row }: ExpectedCall): void {
  expect(call.request_body + call.response_body).not.toMatch(openState);
  expect(withoutState(call.request_body)).toBe(withoutState(row.request_body ?? ""));
  expect(call.request_truncated).toBe(false);
  const told = row.response_body ?? "";
  const cut = Buffer.byteLength(told) > bodyMaxBytes;
  expect(call.response_truncated).toBe(cut);
  const kept = Buffer.byteLength(call.response_body);
  expect(kept).toBeGreaterThan(cut ? bodyMaxBytes / 2 : -1);
  expect(kept).toBeLessThanOrEqual(bodyMaxBytes);
  const shown = cut ? told.slice(0, call.response_body.length) : told;
  expect(withoutState(call.response_body)).toBe(withoutState(shown));
  expect(call.response_bytes).toBeGreaterThanOrEqual(Buffer.byteLength(told));
}

/** What a server gave its client to go on with is a credential, which the log does not tell. */
const openState = /"requestState":"(?!\[redacted:state:[0-9a-f]{8}\]")/;

function withoutState(body: string): string {
  return body.replace(/"requestState":"[^"]*"/, '"requestState":"…"');
}

/** Both clocks are of this machine; a whole millisecond is lost to rounding at each end. */
function expectTimes(call: CallRow, { startedAtMs, endedAtMs }: ExpectedCall): void {
  const createdAtMs = Date.parse(call.created_at);
  expect(createdAtMs).toBeGreaterThanOrEqual(startedAtMs - 1);
  expect(createdAtMs).toBeLessThanOrEqual(endedAtMs + 1);
  expect(call.duration_ms).toBeGreaterThanOrEqual(0);
  expect(call.duration_ms).toBeLessThanOrEqual(endedAtMs - startedAtMs + 2);
  expect(call.ttfb_ms ?? 0).toBeLessThanOrEqual(call.duration_ms);
  expectPhases(call);
  expect(call.source_ip).toBe("127.0.0.1");
}

/** What the client asked went to the upstream; the phases fill the duration but for its rounding. */
function expectPhases({ direction, timings, duration_ms }: CallRow): void {
  expect(timings === null).toBe(direction === "server");
  if (!timings) return;
  const { overhead_ms, ...phases } = timings;
  const spent = Object.values(phases).filter((ms) => ms !== null);
  for (const ms of [...spent, overhead_ms]) expect(ms).toBeGreaterThanOrEqual(0);
  const sum = spent.reduce((all, ms) => all + ms, 0);
  expect(Math.abs(sum - duration_ms)).toBeLessThan(0.52);
  expect(overhead_ms).toBeLessThanOrEqual(sum + 0.01);
}

function expectOneSession(calls: readonly CallRow[], kind: ClientKind): void {
  const sessions = new Set(calls.flatMap(({ session_id }) => session_id ?? []));
  expect(sessions.size).toBe(kind === "v2 modern" ? 0 : 1);
  for (const session of sessions) expect(session).toMatch(/^[0-9a-f]{32}$/);
}

/** List, count and metrics tell the same story, asked while no stream ends; nothing else has come since `earlier`. */
async function expectAgreement({ api }: Rig, server_id: string, earlier: readonly CallRow[]) {
  const { calls, count, counts, metrics } = await until(
    "the same calls before and after",
    5_000,
    async () => ({
      calls: await api.calls({ server_id }),
      count: await api.count({ server_id }),
      counts: await Promise.all(statuses.map((status) => api.count({ server_id, status }))),
      metrics: await api.metrics({ server_id }),
      after: await api.calls({ server_id }),
    }),
    (told) => told.calls.length === told.after.length,
  );
  const noStreams = (some: readonly CallRow[]) => some.filter(isNoStream).map(({ id }) => id);
  expect(noStreams(calls)).toEqual(noStreams(earlier));
  const counted = (status: string) => calls.filter((call) => call.status === status).length;
  expect(count).toBe(calls.length);
  expect(counts).toEqual(statuses.map(counted));
  expect(metrics).toMatchObject({
    total_calls: calls.length,
    success_count: counted("success"),
    error_count: counted("error"),
    timeout_count: 0,
    success_rate: calls.length === 0 ? null : counted("success") / calls.length,
  });
  for (const { tool_name, total_calls } of metrics.by_tool) {
    expect(total_calls).toBe(calls.filter((call) => call.tool_name === tool_name).length);
  }
  expect(calls.map(({ id }) => id)).toEqual(newestFirst(calls));
}

const statuses = ["success", "error", "timeout"];

function newestFirst(calls: readonly CallRow[]): readonly string[] {
  const key = ({ created_at, id }: CallRow) => `${created_at} ${id}`;
  return [...calls].sort((a, b) => (key(a) < key(b) ? 1 : -1)).map(({ id }) => id);
}

/** Enough of a call to tell it from the others of its session, short enough to read in a failure. */
function brief({ kind, direction, method, rpc_id, tool_name, status }: Partial<CallRow>): string {
  return [kind, direction, method, rpc_id, tool_name, status].join(" ");
}
