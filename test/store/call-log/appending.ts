/** What `append` promises. */
import { describe, expect, test } from "vitest";
import { call, calls, id, otherTeamId, teamId } from "../builders.ts";
import { edgeCalls } from "./samples.ts";
import {
  endOf,
  follow,
  ids,
  idsAfter,
  idsOf,
  newestFirst,
  type OpenCallLog,
  summary,
} from "./walks.ts";

export function appending(open: OpenCallLog): void {
  describe("append", () => {
    test("calls come back whole, whatever they hold", async () => {
      await using log = await open();
      const before = await endOf(log);
      expect(await log.append(edgeCalls)).toMatchObject({ stored: edgeCalls.length });
      for (const each of edgeCalls) expect(await log.find(teamId, each.id)).toEqual(each);
      const page = await log.page(teamId, { limit: 1_000 });
      expect(page.calls).toEqual(newestFirst(edgeCalls).map(summary));
      const query = { filter: {}, after: before, limit: 1_000 };
      const { arrivals } = await follow(log, query);
      expect(arrivals.map((each) => each.call)).toEqual(edgeCalls.map(summary));
    });

    test("calls that come one by one come back whole, too", async () => {
      await using log = await open();
      for (const each of edgeCalls) await log.append([each]);
      await log.sweep();
      for (const each of edgeCalls) expect(await log.find(teamId, each.id)).toEqual(each);
      const page = await log.page(teamId, { limit: 1_000 });
      expect(page.calls).toEqual(newestFirst(edgeCalls).map(summary));
    });

    test("a batch appended twice is stored once", async () => {
      await using log = await open();
      expect(await log.append(calls(3))).toEqual({ stored: 3, known: 0, discarded: 0 });
      expect(await log.append(calls(4))).toEqual({ stored: 1, known: 3, discarded: 0 });
      expect(await log.count(teamId, {})).toBe(4);
      expect(ids(await log.page(teamId, { limit: 10 }))).toEqual(idsOf(calls(4).reverse()));
    });

    test("a call twice in one batch is stored once", async () => {
      await using log = await open();
      const appended = await log.append([call("a"), call("b"), call("a")]);
      expect(appended).toEqual({ stored: 2, known: 1, discarded: 0 });
      expect(await log.count(teamId, {})).toBe(2);
      expect(await log.find(teamId, call("b").id)).toEqual(call("b"));
    });

    test("a call of long ago is known again after many others and a sweep", async () => {
      await using log = await open();
      for (let batch = 0; batch < 40; batch++)
        await log.append(Array.from({ length: 30 }, (_, n) => call(`${batch} ${n}`)));
      await log.sweep();
      const again = [call("0 0"), call("new"), call("39 29"), call("17 3"), call("new")];
      expect(await log.append(again)).toEqual({ stored: 1, known: 4, discarded: 0 });
      expect(await log.count(teamId, {})).toBe(1_201);
    });

    test("an empty batch is accepted", async () => {
      await using log = await open();
      expect(await log.append([])).toEqual({ stored: 0, known: 0, discarded: 0 });
    });

    test("calls of a removed server are left out and counted", async () => {
      await using log = await open();
      await log.removeServer(teamId, id("gone"));
      const appended = await log.append([call("a", { serverId: id("gone") }), call("b")]);
      expect(appended).toEqual({ stored: 1, known: 0, discarded: 1 });
      expect(await log.find(teamId, call("a").id)).toBeUndefined();
      expect(await log.count(teamId, {})).toBe(1);
    });

    test("a call that was removed is new when it is appended again", async () => {
      await using log = await open();
      const before = await endOf(log);
      await log.append(calls(3));
      await log.remove(teamId, call("0").id);
      expect(await log.append(calls(3))).toEqual({ stored: 1, known: 2, discarded: 0 });
      expect(await log.find(teamId, call("0").id)).toEqual(calls(3)[0]);
      expect(await log.count(teamId, {})).toBe(3);
      expect(await idsAfter(log, before)).toEqual(idsOf([call("1"), call("2"), call("0")]));
    });

    test("batches of several teams keep each team's calls and their order", async () => {
      await using log = await open();
      const teams = [teamId, otherTeamId, id("third"), id("fourth"), id("fifth")];
      const ends = new Map<string, string>();
      for (const team of teams) ends.set(team, await endOf(log, team));
      const all = calls(500).map((each, n) => ({ ...each, teamId: teams[(n * 7) % 5] ?? "" }));
      for (let n = 0; n < 500; n += 50) await log.append(all.slice(n, n + 50));
      for (const team of teams) {
        const own = all.filter((each) => each.teamId === team);
        expect(await log.count(team, {})).toBe(100);
        expect((await log.page(team, { limit: 1_000 })).calls).toEqual(
          newestFirst(own).map(summary),
        );
        const query = { filter: {}, after: ends.get(team) ?? "", limit: 90 };
        const { arrivals } = await follow(log, query, team);
        expect(arrivals.map((each) => each.call.id)).toEqual(idsOf(own));
      }
    });

    test("batches under way at once are stored whole, each call once", async () => {
      await using log = await open();
      const all = calls(400);
      const parts = [all.slice(0, 200), all.slice(100, 300), all.slice(250), all.slice(0, 10)];
      const appended = await Promise.all(parts.map((part) => log.append(part)));
      expect(appended.reduce((sum, each) => sum + each.stored, 0)).toBe(400);
      expect(await log.count(teamId, {})).toBe(400);
      expect(ids(await log.page(teamId, { limit: 1_000 }))).toEqual(idsOf(newestFirst(all)));
    });

    test("a batch of many calls with large bodies comes back whole", async () => {
      await using log = await open();
      const large = calls(300).map((small, index) => ({
        ...small,
        responseBody: `${index} `.repeat(index % 7 === 0 ? 100_000 : 10),
      }));
      await log.append(large);
      const { calls: found } = await log.page(teamId, { limit: 300 });
      expect(found.map((each) => each.responseBody.length)).toEqual(
        large.map((each) => each.responseBody.length).reverse(),
      );
      expect(await log.find(teamId, call("294").id)).toEqual(large[294]);
    });
  });
}
