/** What `addLosses` and `losses` promise. */
import { describe, expect, test } from "vitest";
import { type Loss, lossKinds } from "../../../src/loss.ts";
import { id, otherTeamId, startMs, teamId } from "../builders.ts";
import { hostile } from "./samples.ts";
import { hourMs, idsOf, type OpenCallLog } from "./walks.ts";

function loss(label: string, changes: Partial<Loss> = {}): Loss {
  return {
    id: id(`loss ${label}`),
    teamId,
    serverId: id("server"),
    kind: "call",
    reason: "queue_full",
    calls: 1,
    fromMs: startMs,
    untilMs: startMs,
    ...changes,
  };
}

/** As an answer has them. */
function newestFirst(losses: readonly Loss[]): Loss[] {
  return losses.toSorted((a, b) => b.fromMs - a.fromMs || (a.id < b.id ? 1 : -1));
}

export function losing(open: OpenCallLog): void {
  describe("losses", () => {
    test("a loss comes back whole, whatever it holds", async () => {
      await using log = await open();
      const all = [
        ...lossKinds.map((kind) => loss(kind, { kind })),
        loss("many", { calls: Number.MAX_SAFE_INTEGER, fromMs: 0, untilMs: 8.64e15 }),
        loss("old", { fromMs: -8.64e15, untilMs: -1 }),
        loss("named", { reason: "a".repeat(100) }),
        loss("hostile", { reason: hostile, serverId: id(hostile) }),
      ];
      await log.addLosses(all);
      expect(await log.losses(teamId, { limit: 100 })).toEqual(newestFirst(all));
    });

    test("they are ordered by the start of their span, then by id, newest first, and cut to the limit", async () => {
      await using log = await open();
      const all = Array.from({ length: 60 }, (_, n) =>
        loss(`${n}`, { fromMs: startMs + (n % 7), untilMs: startMs + 100 - n }),
      );
      for (let n = 0; n < 60; n += 20) await log.addLosses(all.slice(n, n + 20));
      expect(await log.losses(teamId, { limit: 100 })).toEqual(newestFirst(all));
      expect(await log.losses(teamId, { limit: 9 })).toEqual(newestFirst(all).slice(0, 9));
    });

    test("a loss that grew replaces what was there under its id", async () => {
      await using log = await open();
      await log.addLosses([loss("a"), loss("b")]);
      const grown = loss("a", { calls: 7, untilMs: startMs + 5_000 });
      await log.addLosses([loss("a", { calls: 3 }), grown]);
      expect(await log.losses(teamId, { limit: 9 })).toEqual(newestFirst([grown, loss("b")]));
      await log.addLosses([grown]);
      expect(await log.losses(teamId, { limit: 9 })).toHaveLength(2);
    });

    test("no losses are accepted, and there are none at first", async () => {
      await using log = await open();
      await log.addLosses([]);
      expect(await log.losses(teamId, { limit: 9 })).toEqual([]);
    });

    test.for([
      { name: "before it", sinceMs: 0, untilMs: 1_000, found: false },
      { name: "up to its first call", sinceMs: 0, untilMs: 1_001, found: true },
      { name: "within it", sinceMs: 1_200, untilMs: 1_300, found: true },
      { name: "from its last call", sinceMs: 2_000, untilMs: 9_000, found: true },
      { name: "after it", sinceMs: 2_001, untilMs: 9_000, found: false },
      { name: "around it", sinceMs: 0, untilMs: 9_000, found: true },
      { name: "open to the past", untilMs: 1_000, found: false },
      { name: "open to the past, reaching it", untilMs: 1_001, found: true },
      { name: "open to the future", sinceMs: 2_001, found: false },
      { name: "open to the future, reaching it", sinceMs: 2_000, found: true },
      { name: "open", found: true },
    ])("a window finds what overlaps it: $name", async ({ name: _, found, ...window }) => {
      await using log = await open();
      await log.addLosses([loss("a", { fromMs: 1_000, untilMs: 2_000 })]);
      expect(await log.losses(teamId, { window, limit: 9 })).toHaveLength(found ? 1 : 0);
    });

    test("servers narrow them, and so does the team", async () => {
      await using log = await open();
      const all = [0, 1, 2, 0].map((n, index) => loss(`${index}`, { serverId: id(`${n}`) }));
      const foreign = loss("theirs", { teamId: otherTeamId, serverId: id("0") });
      await log.addLosses([...all, foreign]);
      const found = async (team: string, serverIds: string[]) =>
        idsOf(await log.losses(team, { serverIds, limit: 9 })).sort();
      expect(await found(teamId, [id("0")])).toEqual(idsOf([all[0], all[3]].flatMap(some)).sort());
      expect(await found(teamId, [id("1"), id("2"), id("nobody")])).toHaveLength(2);
      expect(await found(teamId, [id("nobody")])).toEqual([]);
      expect(await found(otherTeamId, [id("0")])).toEqual([foreign.id]);
      expect(await log.losses(id("no team"), { limit: 9 })).toEqual([]);
    });

    test("those of a removed server go with it, and later ones are left out", async () => {
      await using log = await open();
      const kept = loss("kept", { serverId: id("other") });
      const foreign = loss("theirs", { teamId: otherTeamId });
      await log.addLosses([loss("a"), kept, foreign]);
      await log.removeServer(teamId, id("server"));
      expect(await log.losses(teamId, { limit: 9 })).toEqual([kept]);
      await log.addLosses([loss("late"), loss("a"), kept]);
      await log.sweep();
      expect(await log.losses(teamId, { limit: 9 })).toEqual([kept]);
      expect(await log.losses(otherTeamId, { limit: 9 })).toEqual([foreign]);
    });

    test("prune removes those that ended before it, of every team, and pruneBodies none", async () => {
      await using log = await open();
      const spans = [
        loss("over", { fromMs: startMs - 9_000, untilMs: startMs - 1 }),
        loss("ends at it", { fromMs: startMs - 9_000, untilMs: startMs }),
        loss("begins at it", { fromMs: startMs, untilMs: startMs + hourMs }),
      ];
      const theirs = loss("theirs", { ...spans[0], id: id("theirs"), teamId: otherTeamId });
      await log.addLosses([...spans, theirs]);
      await log.pruneBodies(startMs + hourMs);
      expect(await log.losses(teamId, { limit: 9 })).toHaveLength(3);
      expect(await log.prune(startMs)).toBe(0);
      expect(await log.losses(teamId, { limit: 9 })).toEqual(newestFirst(spans.slice(1)));
      expect(await log.losses(otherTeamId, { limit: 9 })).toEqual([]);
    });
  });
}

function some<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}
