/** What removals promise, by id, by server, by age, of calls and of bodies; and that teams are apart. */
import { describe, expect, test } from "vitest";
import { type Call, withoutBodies } from "../../../src/call.ts";
import { call, calls, id, otherTeamId, startMs, teamId } from "../builders.ts";
import { edgeCalls, mixedCalls } from "./samples.ts";
import {
  endOf,
  follow,
  hourMs,
  ids,
  idsAfter,
  idsOf,
  newestFirst,
  type OpenCallLog,
  summary,
  walk,
} from "./walks.ts";

export function removing(open: OpenCallLog): void {
  describe("removal", () => {
    test("a removed call is in no answer", async () => {
      await using log = await open();
      await log.append(calls(3));
      expect(await log.remove(teamId, call("1").id)).toBe(true);
      expect(await log.remove(teamId, call("1").id)).toBe(false);
      expect(await log.find(teamId, call("1").id)).toBeUndefined();
      expect(ids(await log.page(teamId, { limit: 9 }))).toEqual(idsOf([call("2"), call("0")]));
      expect(await log.count(teamId, {})).toBe(2);
      expect(await log.count(teamId, { text: "jsonrpc" })).toBe(2);
      const window = { sinceMs: startMs, untilMs: startMs + hourMs };
      const { total } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(total.totalCalls).toBe(2);
      expect(await log.find(teamId, call("2").id)).toEqual(call("2", calls(3)[2]));
    });

    test("a call with every other one of its batch removed is whole", async () => {
      await using log = await open();
      const all = mixedCalls(200).map((each) => ({ ...each, teamId }));
      await log.append(all);
      const left = all.filter((_, n) => n % 2 === 0);
      for (const each of all) if (!left.includes(each)) await log.remove(teamId, each.id);
      await log.sweep();
      expect(await walk(log, { limit: 37 })).toEqual(newestFirst(left).map(summary));
      for (const each of left) expect(await log.find(teamId, each.id)).toEqual(each);
      expect(await log.count(teamId, {})).toBe(100);
    });

    test.for([id("unknown"), "", "no uuid", "' OR 1=1 --", call("0").id.toUpperCase()])(
      "there is no call %j to find or remove",
      async (unknown) => {
        await using log = await open();
        await log.append(calls(1));
        expect(await log.find(teamId, unknown)).toBeUndefined();
        expect(await log.remove(teamId, unknown)).toBe(false);
        expect(await log.count(teamId, {})).toBe(1);
      },
    );

    test("a removed server's calls are in no answer, those of others are", async () => {
      await using log = await open();
      await log.append(calls(40).map((each, i) => ({ ...each, serverId: id(`server ${i % 2}`) })));
      expect(await log.removeServer(teamId, id("server 0"))).toBe(20);
      expect(await log.count(teamId, {})).toBe(20);
      expect(await log.count(teamId, { serverIds: [id("server 0")] })).toBe(0);
      expect(await log.count(teamId, { text: "jsonrpc" })).toBe(20);
      expect((await log.page(teamId, { limit: 40 })).calls).toHaveLength(20);
      expect(await log.find(teamId, call("0").id)).toBeUndefined();
      expect(await log.find(teamId, call("1").id)).toBeDefined();
      expect(await log.remove(teamId, call("0").id)).toBe(false);
      const window = { sinceMs: startMs, untilMs: startMs + hourMs };
      const { byServer } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(byServer.map(({ name, totalCalls }) => [name, totalCalls])).toEqual([
        [id("server 1"), 20],
      ]);
    });

    test("removing a server is repeatable and holds for calls that come later", async () => {
      await using log = await open();
      const late = call("late", { serverId: id("gone") });
      await log.append([call("a", { serverId: id("gone") })]);
      expect(await log.removeServer(teamId, id("gone"))).toBe(1);
      expect(await log.removeServer(teamId, id("gone"))).toBe(0);
      expect(await log.append([late])).toMatchObject({ discarded: 1 });
      expect(await log.removeServer(teamId, id("gone"))).toBe(0);
      expect(await log.count(teamId, {})).toBe(0);
    });

    test("a large server is gone from every answer before it is swept, and after", async () => {
      await using log = await open();
      const all = calls(6_000).map((each, n) => ({
        ...each,
        serverId: id(n % 4 === 0 ? "kept" : "big"),
        toolName: n % 4 === 0 ? "kept" : "big",
      }));
      const before = await endOf(log);
      for (let n = 0; n < 6_000; n += 1_500) await log.append(all.slice(n, n + 1_500));
      expect(await log.removeServer(teamId, id("big"))).toBe(4_500);
      const left = all.filter((each) => each.serverId === id("kept"));
      const window = { sinceMs: startMs, untilMs: startMs + 6_000_000 };
      const check = async () => {
        expect(await log.count(teamId, {})).toBe(1_500);
        expect(await log.count(teamId, { text: "jsonrpc" })).toBe(1_500);
        expect(await log.count(teamId, { serverIds: [id("big")] })).toBe(0);
        const page = await log.page(teamId, { limit: 1_000, offset: 1_000 });
        expect(ids(page)).toEqual(idsOf(newestFirst(left).slice(1_000)));
        expect(await log.find(teamId, all[1]?.id ?? "")).toBeUndefined();
        expect(await log.remove(teamId, all[1]?.id ?? "")).toBe(false);
        expect(await log.find(teamId, all[8]?.id ?? "")).toEqual(all[8]);
        expect(await idsAfter(log, before)).toEqual(idsOf(left));
        const { total } = await log.metrics(teamId, { window, bucketMs: hourMs });
        expect(total.totalCalls).toBe(1_500);
        const query = { filter: { window }, bucketMs: 10 * hourMs };
        const buckets = await log.histogram(teamId, query);
        expect(buckets.reduce((sum, each) => sum + each.successCount, 0)).toBe(1_500);
        const facets = await log.facets(teamId, {
          filter: {},
          fields: ["serverId", "toolName"],
          valuesMax: 9,
        });
        expect(facets).toEqual({
          serverId: [{ value: id("kept"), calls: 1_500 }],
          toolName: [{ value: "kept", calls: 1_500 }],
        });
        expect(await log.removeServer(teamId, id("big"))).toBe(0);
      };
      await check();
      expect(await log.append([call("more"), ...all.slice(0, 4)])).toMatchObject({ known: 1 });
      await log.remove(teamId, call("more").id);
      await log.sweep();
      await check();
      expect(await log.prune(startMs + 6_000_000)).toBe(1_500);
    });

    test("calls of a removed server are counted by neither pruning", async () => {
      await using log = await open();
      await log.append(calls(3_000).map((each, n) => ({ ...each, serverId: id(`${n % 3}`) })));
      await log.removeServer(teamId, id("0"));
      expect(await log.pruneBodies(startMs + 600_000)).toBe(400);
      expect(await log.prune(startMs + 600_000)).toBe(400);
      expect(await log.count(teamId, {})).toBe(1_600);
    });

    test("sweeping what needs no sweeping changes nothing", async () => {
      await using log = await open();
      await log.sweep();
      await log.append(mixedCalls(50));
      const before = await walk(log, { limit: 100 });
      await Promise.all([log.sweep(), log.sweep()]);
      expect(await walk(log, { limit: 100 })).toEqual(before);
    });

    test.for([0, 3])(
      "calls appended while their server is removed, which had %i, are in no answer either",
      async (had) => {
        await using log = await open();
        const of = { serverId: id("gone") };
        await log.append(calls(had, of));
        await Promise.all([
          log.removeServer(teamId, of.serverId),
          log.append([call("just after", of), call("kept")]),
        ]);
        expect(ids(await log.page(teamId, { limit: 9 }))).toEqual([call("kept").id]);
        await log.sweep();
        expect(await log.count(teamId, {})).toBe(1);
        expect(await log.find(teamId, call("just after").id)).toBeUndefined();
        expect(await log.append([call("late", of)])).toMatchObject({ discarded: 1 });
      },
    );

    test("prune removes what is older, of every team, and nothing else", async () => {
      await using log = await open();
      await log.append([
        ...calls(10),
        call("foreign", { teamId: otherTeamId, startedAtMs: startMs + 4_999 }),
        call("foreign too", { teamId: otherTeamId, startedAtMs: startMs + 5_000 }),
      ]);
      expect(await log.prune(startMs + 5_000)).toBe(6);
      expect(await log.prune(startMs + 5_000)).toBe(0);
      expect(ids(await log.page(teamId, { limit: 20 }))).toEqual(
        idsOf(calls(10).slice(5).reverse()),
      );
      expect(await log.count(otherTeamId, {})).toBe(1);
      const kept = calls(10)[7];
      expect(await log.find(teamId, kept?.id ?? "")).toEqual(kept);
    });
  });

  describe("prune", () => {
    test("of some teams it removes what is older of theirs, however they lie among others", async () => {
      await using log = await open();
      const third = id("third team");
      const teams = [teamId, otherTeamId, third];
      const all = calls(2_400).map((each, n) => ({ ...each, teamId: teams[n % 3] ?? third }));
      for (let n = 0; n < 2_400; n += 600) await log.append(all.slice(n, n + 600));
      const beforeMs = startMs + 1_500_000;
      expect(await log.prune(beforeMs, [teamId, id("no team"), third])).toBe(1_000);
      expect(await log.prune(beforeMs, [teamId, id("no team"), third])).toBe(0);
      expect(await log.count(otherTeamId, {})).toBe(800);
      for (const each of [teamId, third]) {
        expect(await log.count(each, {})).toBe(300);
        expect(await log.count(each, { window: { untilMs: beforeMs } })).toBe(0);
        expect(await log.count(each, { text: "jsonrpc" })).toBe(300);
      }
      for (const n of [0, 1, 1_499, 1_500, 2_399]) {
        const { teamId: whose, id: which } = all[n] as Call;
        const isGone = n < 1_500 && whose !== otherTeamId;
        expect(await log.find(whose, which)).toEqual(isGone ? undefined : all[n]);
      }
      expect(await log.append(all.slice(0, 3))).toMatchObject({ stored: 2, known: 1 });
    });

    test("of some teams it takes their losses alone", async () => {
      await using log = await open();
      const loss = {
        serverId: id("server"),
        kind: "call",
        reason: "queue_full",
        calls: 3,
      } as const;
      const span = { fromMs: startMs - 9, untilMs: startMs - 1 };
      const ours = { ...loss, ...span, id: id("ours"), teamId };
      const theirs = { ...loss, ...span, id: id("theirs"), teamId: otherTeamId };
      const late = { ...ours, id: id("late"), untilMs: startMs };
      await log.addLosses([ours, theirs, late]);
      expect(await log.prune(startMs, [teamId])).toBe(0);
      expect(await log.losses(teamId, { limit: 9 })).toEqual([late]);
      expect(await log.losses(otherTeamId, { limit: 9 })).toEqual([theirs]);
    });

    test("of one team it is done amid what others append", async () => {
      await using log = await open();
      const old = calls(3_000).map((each, n) => ({
        ...each,
        startedAtMs: startMs - 1,
        teamId: n % 2 === 0 ? teamId : otherTeamId,
      }));
      for (let n = 0; n < 3_000; n += 300) await log.append(old.slice(n, n + 300));
      const fresh = calls(20).map((each, n) => ({ ...each, id: id(`fresh ${n}`) }));
      const late = call("late", { startedAtMs: startMs - 1, teamId: otherTeamId });
      const [pruned] = await Promise.all([
        log.prune(startMs, [teamId]),
        log.append(fresh),
        log.append([late]),
        log.sweep(),
      ]);
      expect(pruned).toBe(1_500);
      expect(await log.count(teamId, {})).toBe(20);
      expect(await log.count(otherTeamId, {})).toBe(1_501);
    });

    test("calls that are appended and removed meanwhile are where they belong", async () => {
      await using log = await open();
      const old = calls(3_000).map((each) => ({ ...each, startedAtMs: startMs - 1 }));
      for (let n = 0; n < 3_000; n += 300) await log.append(old.slice(n, n + 300));
      const fresh = calls(20).map((each, n) => ({ ...each, id: id(`fresh ${n}`) }));
      const [pruned, , removed] = await Promise.all([
        log.prune(startMs),
        log.append(fresh),
        log.remove(teamId, fresh[3]?.id ?? ""),
        log.sweep(),
      ]);
      expect(pruned).toBe(3_000);
      expect(await log.count(teamId, {})).toBe(removed ? 19 : 20);
      expect(await log.count(teamId, { window: { untilMs: startMs } })).toBe(0);
    });

    test("a call older than any other goes, whatever the time of its id and its arrival", async () => {
      await using log = await open();
      const all = mixedCalls(400).map((each) => ({ ...each, teamId }));
      for (let n = 0; n < 400; n += 40) await log.append(all.slice(n, n + 40));
      for (const beforeMs of [startMs + 1, startMs + 80_000_001, startMs + 200_000_000]) {
        const gone = await log.count(teamId, { window: { untilMs: beforeMs } });
        expect(await log.prune(beforeMs)).toBe(gone);
        const left = all.filter((each) => each.startedAtMs >= beforeMs);
        expect(await walk(log, { limit: 100 })).toEqual(newestFirst(left).map(summary));
      }
    });

    test("calls before 1970 and beyond 2100 have their age, too", async () => {
      await using log = await open();
      const ages = [-8.64e15, -1, 0, 1, 4_102_444_800_000, 8.64e15];
      await log.append(ages.map((startedAtMs) => call(`${startedAtMs}`, { startedAtMs })));
      for (const [index, beforeMs] of ages.entries()) {
        expect(await log.prune(beforeMs)).toBe(index === 0 ? 0 : 1);
        expect(await log.count(teamId, {})).toBe(ages.length - index);
      }
    });
  });

  describe("pruneBodies", () => {
    const canary = "canary of its own";
    const old = call("old", {
      requestBody: `{"text":"${canary}"}`,
      responseBody: "answer",
      errorMessage: "error of its own",
      status: "error",
      messages: [{ atMs: 1, offsetMs: 0, direction: "server", body: "halfway" }],
    });
    const young = call("young", { ...old, id: id("young"), startedAtMs: startMs + 1 });

    test("bodies and transcript of older calls are gone, everything else of them stays", async () => {
      await using log = await open();
      const before = await endOf(log);
      await log.append([old, young]);
      expect(await log.pruneBodies(startMs + 1)).toBe(1);
      expect(await log.find(teamId, old.id)).toEqual(withoutBodies(old));
      expect(await log.find(teamId, young.id)).toEqual(young);
      const expected = [young, withoutBodies(old)].map(summary);
      expect((await log.page(teamId, { limit: 9 })).calls).toEqual(expected);
      const { arrivals } = await follow(log, { filter: {}, after: before, limit: 9 });
      expect(arrivals.map((each) => each.call)).toEqual(expected.toReversed());
    });

    test("such a call is counted and grouped as before, and found by its error message alone", async () => {
      await using log = await open();
      await log.append([old, young]);
      const window = { sinceMs: startMs, untilMs: startMs + hourMs };
      const numbers = async () => [
        await log.count(teamId, { statuses: ["error"] }),
        await log.metrics(teamId, { window, bucketMs: hourMs }),
        await log.facets(teamId, { filter: {}, fields: ["toolName", "errorKind"], valuesMax: 9 }),
        await log.histogram(teamId, { filter: { window }, bucketMs: hourMs }),
      ];
      const before = await numbers();
      await log.pruneBodies(startMs + 1);
      expect(await numbers()).toEqual(before);
      for (const [text, finds] of [
        ["canary", [young.id]],
        [`"${canary}"`, [young.id]],
        ["answer", [young.id]],
        ['"error of its own"', [young.id, old.id]],
        ["error answer", [young.id]],
      ] as const) {
        expect(idsOf(await walk(log, { text, limit: 9 }))).toEqual(finds);
        expect(await log.count(teamId, { text })).toBe(finds.length);
      }
    });

    test("it is repeatable, and tells how many calls had anything to lose", async () => {
      await using log = await open();
      const bare = { requestBody: "", responseBody: "", requestBytes: 5, responseBytes: 0 };
      const spoken = { ...bare, messages: old.messages };
      const all = [
        call("bare", bare),
        call("request", { ...bare, requestBody: "r" }),
        call("response", { ...bare, responseBody: "r" }),
        call("transcript", spoken),
        call("shed", { ...withoutBodies(old), id: id("shed") }),
        call("theirs", { ...spoken, teamId: otherTeamId }),
      ];
      await log.append(all);
      expect(await log.pruneBodies(startMs)).toBe(0);
      expect(await log.pruneBodies(startMs + 1)).toBe(4);
      expect(await log.pruneBodies(startMs + 1)).toBe(0);
      // What had none stays as it is, to the last field.
      for (const each of [all[0], all[4]])
        expect(await log.find(teamId, each?.id ?? "")).toEqual(each);
      for (const each of all.slice(1, 4))
        expect(await log.find(teamId, each.id)).toEqual(withoutBodies(each));
      const theirs = all[5] as Call;
      expect(await log.find(otherTeamId, theirs.id)).toEqual(withoutBodies(theirs));
    });

    test("appending the call again does not bring its bodies back", async () => {
      await using log = await open();
      await log.append([old]);
      await log.pruneBodies(startMs + 1);
      expect(await log.append([old, young])).toEqual({ stored: 1, known: 1, discarded: 0 });
      expect(await log.find(teamId, old.id)).toEqual(withoutBodies(old));
      expect(await log.count(teamId, { text: "canary" })).toBe(1);
    });

    test("whatever calls hold, they keep all but bodies and transcript, through sweeps and removals", async () => {
      await using log = await open();
      await log.append(edgeCalls);
      await log.remove(teamId, edgeCalls[2]?.id ?? "");
      expect(await log.pruneBodies(9e15)).toBe(edgeCalls.length - 2);
      await log.sweep();
      for (const each of edgeCalls.slice(3))
        expect(await log.find(teamId, each.id)).toEqual(withoutBodies(each));
      const [full, empty, gone] = edgeCalls as [Call, Call, Call];
      expect(await log.find(teamId, full.id)).toEqual(withoutBodies(full));
      expect(await log.find(teamId, empty.id)).toEqual(empty);
      expect(await log.find(teamId, gone.id)).toBeUndefined();
      expect(await log.remove(teamId, full.id)).toBe(true);
      expect(await log.count(teamId, {})).toBe(edgeCalls.length - 2);
    });

    test("bodies of many calls go step by step, those of younger calls stay whole", async () => {
      await using log = await open();
      const all = mixedCalls(1_500).map((each, n) => ({ ...each, teamId, responseBody: `b${n}b` }));
      for (let n = 0; n < 1_500; n += 250) await log.append(all.slice(n, n + 250));
      const beforeMs = startMs + 160_000_001;
      const older = all.filter((each) => each.startedAtMs < beforeMs);
      const late = call("late", { startedAtMs: beforeMs });
      const [pruned] = await Promise.all([log.pruneBodies(beforeMs), log.append([late])]);
      expect(pruned).toBe(older.length);
      const expected = all.map((each) => (older.includes(each) ? withoutBodies(each) : each));
      expect(await walk(log, { limit: 400 })).toEqual(
        newestFirst([...expected, late]).map(summary),
      );
      expect(await log.count(teamId, { text: "b" })).toBe(
        expected.filter((each) =>
          /b/i.test(each.responseBody + each.requestBody + each.errorMessage),
        ).length,
      );
    });
  });

  describe("teams", () => {
    const foreign = call("theirs", { teamId: otherTeamId });

    test("another team's calls are in no answer, named or not", async () => {
      await using log = await open();
      await log.append([foreign, call("ours")]);
      expect(ids(await log.page(teamId, { limit: 10 }))).toEqual([call("ours").id]);
      expect(await log.find(teamId, foreign.id)).toBeUndefined();
      expect(await log.count(teamId, {})).toBe(1);
      expect(await log.count(teamId, { serverIds: [foreign.serverId] })).toBe(1);
      const window = { sinceMs: startMs, untilMs: startMs + 1 };
      const { total } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(total.totalCalls).toBe(1);
      expect(await log.count(id("no team"), {})).toBe(0);
      expect(await log.page(id("no team"), { limit: 5 })).toEqual({ calls: [], next: null });
    });

    test("another team's calls are not removed, by id or by server", async () => {
      await using log = await open();
      await log.append([foreign]);
      expect(await log.remove(teamId, foreign.id)).toBe(false);
      expect(await log.removeServer(teamId, foreign.serverId)).toBe(0);
      expect(await log.append([foreign, call("more", { teamId: otherTeamId })])).toEqual({
        stored: 1,
        known: 1,
        discarded: 0,
      });
      expect(await log.count(otherTeamId, {})).toBe(2);
    });
  });
}
