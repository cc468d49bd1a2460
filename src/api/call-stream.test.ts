import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Events } from "../../test/api/events.ts";
import {
  callOf,
  engines,
  fieldError,
  now,
  openRig,
  ownerOf,
  type Rig,
} from "../../test/api/rig.ts";
import { Problem } from "../problem.ts";
import type { CallArrivals, CallLog } from "../store/call-log.ts";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { type CallStreamOptions, callStream, callStreamDefaults } from "./call-stream.ts";
import { Followers, followersDefaults } from "./followers.ts";
import type { WireCall } from "./wire.ts";

const path = "/v1/mcp/calls/stream";

async function open(rig: Rig, query = "", headers: Readonly<Record<string, string>> = {}) {
  const answer = await rig.app.request(`${path}${query}`, {
    headers: { authorization: `Bearer ${rig.founder.key}`, ...headers },
  });
  expect(answer.status).toBe(200);
  const events = new Events(answer.body);
  onTestFinished(() => events.leave().catch(() => undefined));
  return { answer, events };
}

describe.for(engines)("the stream on %s", (engine) => {
  test("calls are shown as the list shows them, in the order in which they arrive", async () => {
    await using rig = await openRig(engine);
    await rig.log.append([callOf(rig.founder, { toolName: "before" })]);
    const { answer, events } = await open(rig);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-accel-buffering": "no",
    });
    const old = callOf(rig.founder, { startedAtMs: now - 3_600_000 });
    await rig.log.append([callOf(rig.founder, { requestBody: "é".repeat(20_000) }), old]);
    const seen = [await events.next<WireCall>(), await events.next<WireCall>()];
    expect(seen.map(({ event }) => event)).toEqual(["call", "call"]);
    expect(seen[1]?.data.id).toBe(old.id);
    const list = await rig.ask<{ data: WireCall[] }>("GET", "/v1/mcp/calls?limit=3");
    for (const { data } of seen)
      expect(list.body.data.find(({ id }) => id === data.id)).toEqual(data);
    expect(seen[0]?.data).toMatchObject({ request_preview: true });
  });

  test("whoever comes back with the last id goes on there, without loss or repeat", async () => {
    await using rig = await openRig(engine);
    const { events, answer } = await open(rig);
    const calls = Array.from({ length: 60 }, (_, n) => callOf(rig.founder, { rpcId: `${n}` }));
    await rig.log.append(calls.slice(0, 45));
    const seen: string[] = [];
    let last = answer.headers.get("last-event-id") ?? "";
    let reading = events;
    for (const leaveAfter of [1, 19, 7, 30, 3]) {
      for (let n = 0; n < leaveAfter; n++) {
        const { id, data } = await reading.next<WireCall>();
        seen.push(data.rpc_id ?? "");
        last = id;
      }
      await reading.leave();
      if (seen.length === 27) await rig.log.append(calls.slice(45));
      reading = (await open(rig, "", { "last-event-id": last })).events;
    }
    expect(seen).toEqual(calls.map(({ rpcId }) => rpcId));
  });

  test("who leaves before the first event can come back, too", async () => {
    await using rig = await openRig(engine);
    const { answer, events } = await open(rig);
    const start = answer.headers.get("last-event-id") ?? "";
    await vi.waitFor(() => expect(rig.followers.streams).toBe(1));
    await events.leave();
    const call = callOf(rig.founder);
    await rig.log.append([call]);
    const { events: again } = await open(rig, `?after=${start}`);
    expect((await again.next<WireCall>()).data.id).toBe(call.id);
    expect(again.text).toMatch(new RegExp(`^retry: 1000\nid: ${start}\n\n`));
  });

  test("the field of a reconnect overrules the parameter, and an empty one is none", async () => {
    await using rig = await openRig(engine);
    const { answer } = await open(rig);
    const start = answer.headers.get("last-event-id") ?? "";
    const [one, two] = [callOf(rig.founder), callOf(rig.founder)];
    await rig.log.append([one, two]);
    const { events } = await open(rig, `?after=${start}`, { "last-event-id": "" });
    const first = await events.next<WireCall>();
    expect(first.data.id).toBe(one.id);
    const { events: later } = await open(rig, `?after=${start}`, { "last-event-id": first.id });
    expect((await later.next<WireCall>()).data.id).toBe(two.id);
  });

  test("every filter of the list holds, and another team's calls are never shown", async () => {
    await using rig = await openRig(engine);
    const { events } = await open(rig, "?tool_name=a&q=needle&status=error");
    const wanted = { toolName: "a", requestBody: "a needle", status: "error" } as const;
    await rig.log.append([
      callOf({ ...rig.founder, teamId: "0192aaaa-0000-7000-8000-000000000009" }, wanted),
      callOf(rig.founder, { ...wanted, toolName: "b" }),
      callOf(rig.founder, { ...wanted, requestBody: "hay" }),
      callOf(rig.founder, { ...wanted, status: "success" }),
      callOf(rig.founder, { ...wanted, rpcId: '"this"' }),
    ]);
    expect((await events.next<WireCall>()).data.rpc_id).toBe('"this"');
  });

  test("what is no position is refused by the name under which it came", async () => {
    await using rig = await openRig(engine);
    const message = "is not a position that this log issued";
    const asked = await rig.ask("GET", `${path}?after=nowhere`);
    expect(asked).toMatchObject({ status: 400, body: fieldError("after", message) });
    const headers = { "Last-Event-ID": "nowhere" };
    const came = await rig.ask("GET", path, { headers });
    expect(came).toMatchObject({ status: 400, body: fieldError("Last-Event-ID", message) });
    expect(rig.followers.streams).toBe(0);
  });
});

test.for([
  ["?limit=1", "limit"],
  ["?cursor=x", "cursor"],
  ["?offset=1", "offset"],
])("what makes no sense of a stream is refused: %s", async ([query, field]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("GET", `${path}${query}`);
  expect(answer.status).toBe(400);
  expect(answer.body.error.details.map((each) => each.field)).toEqual([field]);
});

test("the text of an event can end no event, whatever a call holds", async () => {
  await using rig = await openRig("memory");
  const { events } = await open(rig);
  const hostile = 'a\n\ndata: {"id":"forged"}\r\nid: 7\r\n\r\n\u2028\ud800<script>';
  await rig.log.append([callOf(rig.founder, { errorMessage: hostile, requestBody: hostile })]);
  const { data } = await events.next<WireCall>();
  expect(data).toMatchObject({ error_message: hostile, request_body: hostile });
  expect(events.text.match(/^data: /gm)).toHaveLength(1);
});

test("a stream asked for by HEAD is over at once", async () => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("HEAD", path);
  expect(answer).toMatchObject({ status: 200, text: "" });
  expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(rig.followers.streams).toBe(0);
});

test("when the host stops, streams end between two events and new ones are refused", async () => {
  await using rig = await openRig("memory");
  const { events } = await open(rig);
  await rig.log.append(Array.from({ length: 50 }, () => callOf(rig.founder)));
  await events.next();
  rig.followers.end();
  await events.end();
  expect(events.text.endsWith("\n\n")).toBe(true);
  expect(await rig.ask("GET", path)).toMatchObject({
    status: 503,
    body: { error: { code: "unavailable" } },
  });
  expect(rig.followers.streams).toBe(0);
});

test("a team has so many streams and no more, and room again when one of them ends", async () => {
  await using rig = await openRig("memory");
  const streams = await Promise.all(Array.from({ length: 250 }, () => open(rig)));
  const refused = await rig.ask("GET", path);
  expect(refused).toMatchObject({ status: 429, body: { error: { code: "rate_limited" } } });
  expect(refused.headers.get("retry-after")).toBe("1");
  await streams[7]?.events.leave();
  await open(rig);
  expect(rig.followers.streams).toBe(250);
});

describe("a stream that goes on", () => {
  /** A stream without an app around it, of a log that can be away. */
  async function follow(changes: Partial<CallStreamOptions> = {}, pollMs = 20) {
    const log = new MemoryCallLog();
    const followers = new Followers(log, { ...followersDefaults, pollMs });
    const caller = ownerOf("0192aaaa-0000-7000-8000-00000000000a");
    const report = vi.fn();
    const recheck = vi.fn(async () => caller);
    const client = new AbortController();
    const answer = await callStream(followers, { ...callStreamDefaults, ...changes }).answer(
      new Request(`http://x${path}`, { signal: client.signal }),
      { caller, sourceIp: "", inTeam: async () => caller, recheck, report },
      {},
    );
    const events = new Events(answer.body as ReadableStream<Uint8Array<ArrayBuffer>>);
    onTestFinished(() => {
      followers.end();
      return events.leave().catch(() => undefined);
    });
    return { log, followers, caller, report, recheck, client, events };
  }

  test("says from time to time that it is there, and how far it has looked", async () => {
    const { log, caller, events } = await follow({ heartbeatMs: 30 });
    await events.comment();
    const before = events.text;
    const elsewhere = { ...caller, teamId: "0192aaaa-0000-7000-8000-00000000000b" };
    await log.append([callOf(elsewhere)]);
    await vi.waitFor(async () => {
      await events.comment();
      expect(events.text.split("id: ").at(-1)).not.toBe(before.split("id: ").at(-1));
    }, 5_000);
    expect(events.text).not.toContain("event:");
  });

  test("shows a call as soon as it is told of it, and by itself a poll later", async () => {
    const { log, followers, caller, events } = await follow({}, 60_000);
    // The first read of a stream has to be over for a wake to be what shows the call.
    await log.append([callOf(caller)]);
    const next = events.next();
    const wake = setInterval(() => followers.wake(), 1);
    await next;
    clearInterval(wake);
    const other = await follow({}, 10);
    await other.log.append([callOf(other.caller)]);
    await other.events.next();
  });

  test("ends when its key is good no more, before anything else is shown", async () => {
    const { log, caller, recheck, report, events, followers } = await follow();
    await log.append([callOf(caller)]);
    await events.next();
    recheck.mockRejectedValue(new Problem("invalid_token", "the API key is not valid"));
    await log.append([callOf(caller, { rpcId: '"secret"' })]);
    await events.end();
    expect(events.text).not.toContain("secret");
    expect(report).not.toHaveBeenCalled();
    expect(followers.streams).toBe(0);
  });

  test("outlives a log that is away for a moment, and loses nothing over it", async () => {
    const { log, caller, events, report } = await follow({ retryMs: 10 });
    const away = vi.spyOn(log, "arrivals").mockRejectedValue(new Problem("unavailable", "away"));
    await log.append([callOf(caller, { rpcId: '"kept"' })]);
    await vi.waitFor(() => expect(away.mock.calls.length).toBeGreaterThan(3), 5_000);
    away.mockRestore();
    expect((await events.next<WireCall>()).data.rpc_id).toBe('"kept"');
    expect(report).not.toHaveBeenCalled();
  });

  test("breaks and is reported when the log has a bug", async () => {
    const { log, report, events } = await follow();
    const bug = new TypeError("a bug");
    vi.spyOn(log, "arrivals").mockRejectedValue(bug);
    await expect(events.end()).rejects.toThrow("a bug");
    expect(report).toHaveBeenCalledExactlyOnceWith(bug);
  });

  test("ends its query at once when its client leaves", async () => {
    const { log, followers, client, events } = await follow();
    const signals: AbortSignal[] = [];
    vi.spyOn(log, "arrivals").mockImplementation((_team, query, signal) => {
      if (query.after && signal) signals.push(signal);
      const { promise, reject } = Promise.withResolvers<CallArrivals>();
      signal?.addEventListener("abort", () => reject(signal.reason));
      return query.after ? promise : Promise.resolve({ arrivals: [], next: `${signals.length}` });
    });
    const reading = events.next().catch(() => undefined);
    await vi.waitFor(() => expect(signals).toHaveLength(1), 5_000);
    client.abort();
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true));
    expect(followers.streams).toBe(0);
    await events.leave().catch(() => undefined);
    await reading;
  });
});

test("two teams that follow the same share nothing", async () => {
  const log = new MemoryCallLog();
  using followers = new Followers(log);
  const [ours, theirs] = ["a", "b"].map(ownerOf);
  if (!ours || !theirs) throw new Error("there are two");
  const { signal } = new AbortController();
  const start = await followers.batch(ours, { filter: {} }, signal);
  await log.append([callOf(ours, { rpcId: '"ours"' }), callOf(theirs, { rpcId: '"theirs"' })]);
  const query = { filter: {}, after: start.next };
  const read = [ours, theirs].map((caller) => followers.batch(caller, query, signal));
  const [mine, other] = (await Promise.all(read)).map(({ events }) => events.toString());
  expect(mine).toContain('\\"ours\\"');
  expect(mine).not.toContain("theirs");
  expect(other).not.toContain("ours");
});

test("two of a team who follow the same at once see each what they may", async () => {
  const log = new MemoryCallLog();
  using followers = new Followers(log);
  const owner = ownerOf("a");
  const narrow = { ...owner, scopes: new Set(["calls:read"] as const) };
  const { signal } = new AbortController();
  const { next: after } = await followers.batch(owner, { filter: {} }, signal);
  await log.append([callOf(owner, { requestBody: "what was said" })]);
  const read = [owner, narrow].map((caller) =>
    followers.batch(caller, { filter: {}, after }, signal),
  );
  const [all, some] = (await Promise.all(read)).map(({ events }) => events.toString());
  expect(all).toContain("what was said");
  expect(some).toContain('"request_body":null');
});

test("many who follow the same cost one query, and one who follows something else another", async () => {
  const log = new MemoryCallLog();
  const asked = vi.spyOn(log, "arrivals");
  await using rig = await openRig("memory", { log: log as CallLog });
  const streams = await Promise.all(Array.from({ length: 200 }, () => open(rig)));
  streams.push(await open(rig, "?status=success"));
  for (const { events } of streams) void events.next().catch(() => undefined);
  await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(3));
  const before = asked.mock.calls.filter(([, query]) => query.after).length;
  await log.append([callOf(rig.founder)]);
  await vi.waitFor(() => {
    for (const { events } of streams) expect(events.text).toContain("event: call");
  }, 5_000);
  const after = asked.mock.calls.filter(([, query]) => query.after).length;
  expect(after - before).toBeLessThan(40);
});

test("who has come to the end of the log asks no more until it has moved", async () => {
  const log = new MemoryCallLog();
  const asked = vi.spyOn(log, "arrivals");
  await using rig = await openRig("memory", { log: log as CallLog });
  const names = Array.from({ length: 50 }, (_, n) => `t${n}`);
  const streams = await Promise.all(names.map((name) => open(rig, `?tool_name=${name}`)));
  const shown = streams.map(({ events }) => events.next<WireCall>());
  const looks = () => asked.mock.calls.filter(([, query]) => query.after === undefined).length;
  const queries = () => asked.mock.calls.filter(([, query]) => query.after !== undefined).length;
  // Two looks after the first queries nobody has anything left to ask.
  const settled = looks() + 5;
  await vi.waitFor(() => expect(looks()).toBeGreaterThan(settled), 5_000);
  const before = queries();
  await log.append(names.map((toolName) => callOf(rig.founder, { toolName })));
  await Promise.all(shown);
  for (const { events } of streams) void events.next().catch(() => undefined);
  const later = looks() + 5;
  await vi.waitFor(() => expect(looks()).toBeGreaterThan(later), 5_000);
  expect(queries() - before).toBe(50);
});

test("other work gets its turn while many streams show the same call", async () => {
  const log = new MemoryCallLog();
  using all = new Followers(log);
  const caller = ownerOf("a");
  const { signal } = new AbortController();
  const { next } = await all.batch(caller, { filter: {} }, signal);
  await log.append([callOf(caller)]);
  let turns = 0;
  let reading = true;
  const count = () => {
    turns += 1;
    if (reading) setImmediate(count);
  };
  setImmediate(count);
  const query = { filter: {}, after: next };
  await Promise.all(Array.from({ length: 200 }, () => all.batch(caller, query, signal)));
  reading = false;
  expect(turns).toBeGreaterThanOrEqual(19);
});

test("what is stored while the log is looked at is looked for once more", async () => {
  const looks: PromiseWithResolvers<CallArrivals>[] = [];
  const arrivals = () => {
    const look = Promise.withResolvers<CallArrivals>();
    looks.push(look);
    return look.promise;
  };
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  using followers = new Followers({ arrivals }, { ...followersDefaults, pollMs: 60_000 });
  followers.join("a");
  followers.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  followers.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(looks).toHaveLength(1);
  looks[0]?.resolve({ arrivals: [], next: "before" });
  await vi.advanceTimersByTimeAsync(0);
  expect(looks).toHaveLength(2);
  looks[1]?.resolve({ arrivals: [], next: "after" });
  await vi.advanceTimersByTimeAsync(0);
  expect(followers.changes).toBe(2);
});

test("a stream of the dashboard ends when its user is removed from the team, whatever other team there is", async () => {
  await using rig = await openRig("memory");
  const { teamId, userId } = await rig.addMember("viewer");
  const user = await rig.registry.findUser(userId);
  if (!user) throw new Error("there is no such user");
  const beginning = { kind: "cookie", proof: "password", sourceIp: "", teamId } as const;
  const { secret } = await rig.access.sessions.begin(user, beginning);
  const headers = { cookie: `__Host-hookwatch=${secret}` };
  const { body } = await rig.app.request("/v1/mcp/calls/stream", { headers });
  const reader = body?.getReader();
  await reader?.read();
  expect((await rig.ask("DELETE", `/v1/teams/${teamId}/members/${userId}`)).status).toBe(204);
  await rig.log.append([callOf({ teamId })]);
  expect(await reader?.read()).toMatchObject({ done: true });
});
