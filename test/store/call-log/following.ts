/** What `arrivals` promises, beside that it agrees with every filter (filtering.ts). */
import { describe, expect, test } from "vitest";
import { call, calls, id, otherTeamId, startMs, teamId } from "../builders.ts";
import { fullCall, mixedCalls } from "./samples.ts";
import { endOf, follow, hourMs, idsAfter, idsOf, type OpenCallLog, summary } from "./walks.ts";

export function following(open: OpenCallLog): void {
  describe("arrivals", () => {
    test("without a position there are no calls, and what comes later follows", async () => {
      await using log = await open();
      await log.append(calls(5));
      const after = await endOf(log);
      expect(await idsAfter(log, after)).toEqual([]);
      await log.append([call("a"), call("b")]);
      expect(await idsAfter(log, after)).toEqual(idsOf([call("a"), call("b")]));
      expect(await idsAfter(log, await endOf(log))).toEqual([]);
    });

    test("calls follow in the order of appending, whatever their start and their id", async () => {
      await using log = await open();
      const all = mixedCalls(300).map((each) => ({ ...each, teamId }));
      const before = await endOf(log);
      for (const each of all.slice(0, 70)) await log.append([each]);
      for (let n = 70; n < 300; n += 23) await log.append(all.slice(n, n + 23));
      for (const limit of [1, 7, 1_000]) {
        expect(await idsAfter(log, before, {}, limit)).toEqual(idsOf(all));
      }
      await log.sweep();
      expect(await idsAfter(log, before, {}, 50)).toEqual(idsOf(all));
    });

    test("an arrival holds all of a call but its transcript, bodies cut to the length asked for", async () => {
      await using log = await open();
      const after = await endOf(log);
      await log.append([fullCall]);
      const { arrivals } = await log.arrivals(teamId, { filter: {}, after, limit: 1 });
      expect(arrivals.map((each) => each.call)).toEqual([summary(fullCall)]);
      const query = { filter: {}, after, limit: 1, bodyMaxLength: 20 };
      const [cut] = (await log.arrivals(teamId, query)).arrivals;
      expect(cut?.call).toEqual({
        ...summary(fullCall),
        requestBody: fullCall.requestBody.slice(0, 20),
        responseBody: fullCall.responseBody.slice(0, 20),
      });
    });

    test("a call that was known already does not arrive again", async () => {
      await using log = await open();
      const before = await endOf(log);
      await log.append([call("a"), call("b"), call("a")]);
      const between = await endOf(log);
      await log.append([call("b"), call("c"), call("a")]);
      expect(await idsAfter(log, before)).toEqual(idsOf([call("a"), call("b"), call("c")]));
      expect(await idsAfter(log, between)).toEqual([call("c").id]);
    });

    test("each position that was ever given goes on with what was appended after it", async () => {
      await using log = await open();
      const all = calls(40);
      const before = await endOf(log);
      await log.append(all.slice(0, 25));
      for (const each of all.slice(25)) await log.append([each]);
      const { arrivals, end } = await follow(log, { filter: {}, after: before, limit: 9 });
      expect(arrivals).toHaveLength(40);
      for (const [index, { position }] of arrivals.entries()) {
        expect(await idsAfter(log, position)).toEqual(idsOf(all.slice(index + 1)));
      }
      const positions = [before, end, ...arrivals.map(({ position }) => position)];
      for (const position of positions) expect(position).toMatch(/^[\w-]{1,40}$/);
    });

    test("a filter passes over what does not match, and its position goes on behind that", async () => {
      await using log = await open();
      const after = await endOf(log);
      await log.append(calls(90).map((each, n) => ({ ...each, toolName: n === 4 ? "rare" : "t" })));
      const query = { filter: { toolNames: ["rare"] }, after, limit: 10 };
      const { arrivals, end } = await follow(log, query);
      expect(idsOf(arrivals.map((each) => each.call))).toEqual([call("4").id]);
      await log.append([call("later", { toolName: "rare" })]);
      const positions = [after, ...arrivals.map(({ position }) => position), end];
      const found = positions.map((position) => idsAfter(log, position, query.filter));
      const later = call("later").id;
      expect(await Promise.all(found)).toEqual([[call("4").id, later], [later], [later]]);
    });

    test("of thousands of calls that began in another order all follow, and those few that match", async () => {
      await using log = await open();
      const after = await endOf(log);
      const all = calls(3_000).map((each, n) => ({
        ...each,
        startedAtMs: startMs + ((n * 7) % 3_000),
        toolName: n % 701 === 600 ? "rare" : "t",
      }));
      await log.append(all);
      const rare = all.filter(({ toolName }) => toolName === "rare");
      for (const limit of [2, 1_000]) {
        expect(await idsAfter(log, after, { toolNames: ["rare"] }, limit)).toEqual(idsOf(rare));
      }
      for (const limit of [333, 1_000])
        expect(await idsAfter(log, after, {}, limit)).toEqual(idsOf(all));
    });

    test("a search follows, too", async () => {
      await using log = await open();
      const after = await endOf(log);
      await log.append(calls(90).map((each, n) => ({ ...each, requestBody: `n${n}n` })));
      const met = await idsAfter(log, after, { text: "N7N" }, 5);
      expect(met).toEqual([call("7").id]);
      expect(await idsAfter(log, after, { text: '"n8n" absent' }, 5)).toEqual([]);
    });

    test("positions stay good when calls around them are removed or lose their bodies", async () => {
      await using log = await open();
      const all = calls(60).map((each, n) => ({ ...each, serverId: id(`server ${n % 6}`) }));
      const before = await endOf(log);
      for (let n = 0; n < 60; n += 4) await log.append(all.slice(n, n + 4));
      const { arrivals, end } = await follow(log, { filter: {}, after: before, limit: 100 });
      const left = () => all.filter(({ id: one }) => !gone.has(one));
      const gone = new Set<string>();
      const check = async () => {
        for (const index of [0, 9, 10, 11, 29, 30, 58, 59]) {
          const expected = left().filter((each) => all.indexOf(each) > index);
          const { position = "" } = arrivals[index] ?? {};
          expect(await idsAfter(log, position, {}, 7)).toEqual(idsOf(expected));
        }
        expect(await idsAfter(log, before)).toEqual(idsOf(left()));
        expect(await idsAfter(log, end)).toEqual([]);
      };
      for (const n of [10, 59, 30]) {
        await log.remove(teamId, all[n]?.id ?? "");
        gone.add(all[n]?.id ?? "");
      }
      await check();
      await log.removeServer(teamId, id("server 5"));
      for (const each of all) if (each.serverId === id("server 5")) gone.add(each.id);
      await check();
      await log.pruneBodies(startMs + hourMs);
      await check();
      await log.prune(startMs + 40_000);
      for (const each of all.slice(0, 40)) gone.add(each.id);
      await check();
      await log.sweep();
      await check();
    });

    test("when the newest calls are removed, the next ones still arrive, once", async () => {
      await using log = await open();
      await log.append(calls(5));
      const end = await endOf(log);
      for (const each of calls(5).slice(2)) await log.remove(teamId, each.id);
      await log.sweep();
      expect(await idsAfter(log, end)).toEqual([]);
      await log.append([call("next")]);
      expect(await idsAfter(log, end)).toEqual([call("next").id]);
      await log.prune(startMs + hourMs);
      const emptied = await endOf(log);
      await log.append([call("after all")]);
      for (const position of [end, emptied])
        expect(await idsAfter(log, position)).toEqual([call("after all").id]);
    });

    test("a call appended while a log is followed arrives once", async () => {
      await using log = await open();
      const before = await endOf(log);
      const met: string[] = [];
      let after = before;
      for (let n = 0; n < 30; n++) {
        const batch = [call(`${n}`), call(`twin ${n}`)];
        const [{ arrivals, next }] = await Promise.all([
          log.arrivals(teamId, { filter: {}, after, limit: 3 }),
          log.append(batch),
        ]);
        met.push(...idsOf(arrivals.map((each) => each.call)));
        after = next;
      }
      met.push(...(await idsAfter(log, after)));
      const appended = Array.from({ length: 30 }, (_, n) => [call(`${n}`), call(`twin ${n}`)]);
      expect(met).toEqual(idsOf(appended.flat()));
    });

    test("another team's calls do not arrive, and do not hold up one's own", async () => {
      await using log = await open();
      const after = await endOf(log);
      const theirEnd = await endOf(log, otherTeamId);
      await log.append(calls(300, { teamId: otherTeamId }));
      await log.append([call("ours")]);
      await log.append([call("theirs", { teamId: otherTeamId })]);
      expect(await idsAfter(log, after, {}, 2)).toEqual([call("ours").id]);
      const query = { filter: {}, after: theirEnd, limit: 100 };
      expect((await follow(log, query, otherTeamId)).arrivals).toHaveLength(301);
    });

    test.for([
      { name: "empty", after: "" },
      { name: "words", after: "not a position" },
      { name: "too long", after: "A".repeat(10_000) },
      { name: "of another version", after: "_".repeat(12) },
      { name: "a cursor", after: "A".repeat(34) },
    ])("a position that was not issued is refused by name: $name", async ({ after }) => {
      await using log = await open();
      await log.append(calls(2));
      const query = { filter: {}, limit: 1, after };
      await expect(log.arrivals(teamId, query)).rejects.toMatchObject({
        code: "validation_error",
        details: [{ field: "after" }],
      });
    });

    test.for([
      { name: "padded", garble: (position: string) => `${position}=` },
      { name: "with a blank", garble: (position: string) => ` ${position}` },
      { name: "cut", garble: (position: string) => position.slice(0, -1) },
      { name: "continued", garble: (position: string) => `${position}A` },
    ])("a position has one spelling, others are refused: $name", async ({ garble }) => {
      await using log = await open();
      await log.append(calls(2));
      const query = { filter: {}, limit: 1, after: garble(await endOf(log)) };
      await expect(log.arrivals(teamId, query)).rejects.toMatchObject({
        code: "validation_error",
        details: [{ field: "after" }],
      });
    });

    test("a position beyond the end, of a log that held more, is refused", async () => {
      await using log = await open();
      await using larger = await open();
      await larger.append(calls(20));
      await log.append(calls(19));
      const after = await endOf(larger);
      await expect(log.arrivals(teamId, { filter: {}, limit: 1, after })).rejects.toMatchObject({
        code: "validation_error",
        details: [{ field: "after" }],
      });
    });
  });
}
