/** What `page` promises, beside what a filter finds. */
import { describe, expect, test } from "vitest";
import type { CallLog, PageQuery } from "../../../src/store/call-log.ts";
import { call, calls, startMs, teamId } from "../builders.ts";
import { edgeCalls, fullCall, mixedCalls } from "./samples.ts";
import { hourMs, ids, idsOf, newestFirst, type OpenCallLog, summary, walk } from "./walks.ts";

export function paging(open: OpenCallLog): void {
  describe("page", () => {
    test("calls are ordered by start, then by id, newest first", async () => {
      await using log = await open();
      const sameStart = calls(20, { startedAtMs: startMs });
      const later = call("later", { startedAtMs: startMs + 1 });
      const earlier = call("earlier", { startedAtMs: startMs - 1 });
      await log.append([...sameStart, later, earlier]);
      const expected = [later.id, ...idsOf(sameStart).sort().reverse(), earlier.id];
      expect(ids(await log.page(teamId, { limit: 100 }))).toEqual(expected);
    });

    test("the order is one over all batches, however they came", async () => {
      await using log = await open();
      const all = mixedCalls(500).map((each) => ({ ...each, teamId }));
      for (let n = 0; n < 500; n += n < 100 ? 1 : 50)
        await log.append(all.slice(n, n + (n < 100 ? 1 : 50)));
      const expected = newestFirst(all).map(summary);
      expect((await log.page(teamId, { limit: 1_000 })).calls).toEqual(expected);
      expect(await walk(log, { limit: 1 })).toEqual(expected);
      await log.sweep();
      expect(await walk(log, { limit: 33 })).toEqual(expected);
    });

    test("a page holds all of a call but its transcript", async () => {
      await using log = await open();
      await log.append([fullCall]);
      const { messages, ...rest } = fullCall;
      expect((await log.page(teamId, { limit: 1 })).calls).toEqual([rest]);
    });

    test("a page ends with null when no call follows, and only then", async () => {
      await using log = await open();
      await log.append(calls(4));
      expect((await log.page(teamId, { limit: 4 })).next).toBeNull();
      expect((await log.page(teamId, { limit: 3 })).next).not.toBeNull();
      expect((await log.page(teamId, { limit: 2, offset: 2 })).next).toBeNull();
      expect(await log.page(teamId, { limit: 2, offset: 4 })).toEqual({ calls: [], next: null });
      expect(await log.page(teamId, { limit: 2, offset: 9_000_000 })).toEqual({
        calls: [],
        next: null,
      });
    });

    test("a page ends with null when only calls follow that do not match", async () => {
      await using log = await open();
      await log.append(calls(40).map((each, n) => ({ ...each, toolName: n < 20 ? "old" : "new" })));
      const { next, calls: found } = await log.page(teamId, { limit: 20, toolNames: ["new"] });
      expect(found).toHaveLength(20);
      expect(next).toBeNull();
    });

    test("a walk meets each call of its first page's time once, whatever is appended meanwhile", async () => {
      await using log = await open();
      const before = calls(25, { startedAtMs: startMs }).concat(calls(50).slice(25));
      await log.append(before);
      let round = 0;
      const met = await walkAmid(log, 7, async () => {
        // Newer, older and of the very same millisecond.
        await log.append([
          call(`newer ${round}`, { startedAtMs: startMs + hourMs }),
          call(`same ${round}`, { startedAtMs: startMs }),
          call(`older ${round++}`, { startedAtMs: startMs - round }),
        ]);
        return round < 50;
      });
      expect(new Set(met).size).toBe(met.length);
      expect(idsOf(before).filter((one) => !met.includes(one))).toEqual([]);
    });

    test("a walk goes on where the call of its cursor was removed, by id, by age or with its bodies", async () => {
      await using log = await open();
      await log.append(calls(60));
      const newest = idsOf(calls(60).reverse());
      let at = 0;
      const met = await walkAmid(log, 10, async () => {
        at += 10;
        // The last call of the page that was just read: the cursor stands on it.
        if (at === 10) await log.remove(teamId, newest[at - 1] ?? "");
        if (at === 20) await log.pruneBodies(startMs + hourMs);
        if (at === 30) await log.prune(startMs + 10_000);
        return true;
      });
      expect(met).toEqual(newest.slice(0, 50));
    });

    test("a walk amid sweeps and merges meets each call once", async () => {
      await using log = await open();
      const all = calls(300).map((each, n) => ({ ...each, startedAtMs: startMs + (n % 11) }));
      for (const each of all.slice(0, 200)) await log.append([each]);
      await log.append(all.slice(200));
      let round = 0;
      const met = await walkAmid(log, 20, async () => {
        await log.append(calls(3).map((each, n) => ({ ...each, id: call(`r ${round} ${n}`).id })));
        await log.sweep();
        return round++ < 60;
      });
      const own = met.filter((one) => all.some((each) => each.id === one));
      expect(own).toEqual(idsOf(newestFirst(all)));
    });

    test("an offset skips calls after the cursor", async () => {
      await using log = await open();
      await log.append(calls(10));
      const newest = idsOf(calls(10).reverse());
      expect(ids(await log.page(teamId, { limit: 3, offset: 2 }))).toEqual(newest.slice(2, 5));
      const { next } = await log.page(teamId, { limit: 2 });
      const page = await log.page(teamId, { limit: 3, offset: 4, cursor: next ?? "" });
      expect(ids(page)).toEqual(newest.slice(6, 9));
    });

    test("an offset skips calls of any time, the ends of time included", async () => {
      await using log = await open();
      for (const each of edgeCalls) await log.append([each]);
      const newest = idsOf(newestFirst(edgeCalls));
      for (const offset of newest.keys()) {
        const page = await log.page(teamId, { limit: 2, offset, bodyMaxLength: 10 });
        expect(ids(page)).toEqual(newest.slice(offset, offset + 2));
      }
    });

    test("an offset skips matching calls only, text searches included", async () => {
      await using log = await open();
      const all = calls(90).map((each, n) => ({
        ...each,
        requestBody: n % 3 === 0 ? "needle" : "hay",
        toolName: n % 3 === 0 ? "needle" : "hay",
      }));
      await log.append(all);
      const newest = idsOf(newestFirst(all.filter((each) => each.toolName === "needle")));
      for (const filter of [{ text: "needle" }, { toolNames: ["needle"] }]) {
        const page = await log.page(teamId, { ...filter, limit: 1_000, offset: 25 });
        expect(ids(page)).toEqual(newest.slice(25));
      }
    });

    test.for([
      { name: "empty", cursor: "" },
      { name: "words", cursor: "not a cursor" },
      { name: "padded", cursor: `${"A".repeat(34)}==` },
      { name: "too short", cursor: "AQ" },
      { name: "too long", cursor: "A".repeat(10_000) },
      { name: "of another version", cursor: "A".repeat(34) },
    ])("a cursor that was not issued is refused by name: $name", async ({ cursor }) => {
      await using log = await open();
      await log.append(calls(2));
      for (const filter of [{}, { text: "jsonrpc" }]) {
        await expect(log.page(teamId, { ...filter, limit: 1, cursor })).rejects.toMatchObject({
          code: "validation_error",
          details: [{ field: "cursor" }],
        });
      }
    });

    test("bodies are cut to the length asked for, never within a character", async () => {
      await using log = await open();
      const [requestBody, responseBody] = ["é".repeat(100), `${"x".repeat(9)}😀${"y".repeat(9)}`];
      await log.append([call("a", { requestBody, responseBody })]);
      const { calls: cut } = await log.page(teamId, { limit: 1, bodyMaxLength: 10 });
      expect(cut[0]).toMatchObject({
        requestBody: "é".repeat(10),
        responseBody: `${"x".repeat(9)}😀`,
      });
      const { calls: whole } = await log.page(teamId, { limit: 1, bodyMaxLength: 100 });
      expect(whole[0]).toMatchObject({ requestBody, responseBody });
      const { calls: none } = await log.page(teamId, { limit: 1, bodyMaxLength: 0 });
      expect(none[0]).toMatchObject({ requestBody: "", responseBody: "" });
    });

    test("a search looks at whole bodies, however short they are shown", async () => {
      await using log = await open();
      const body = `${"hay ".repeat(5_000)}needle`;
      await log.append([call("a", { requestBody: body }), call("b", { responseBody: body })]);
      const query = { limit: 10, text: "needle", bodyMaxLength: 3 };
      expect(await walk(log, query)).toMatchObject(
        newestFirst([
          call("a", { requestBody: "hay", responseBody: '{"j' }),
          call("b", { requestBody: '{"j', responseBody: "hay" }),
        ]).map(summary),
      );
    });
  });
}

/** Ids of a walk; `amid` is awaited after each page, and false ends it. */
async function walkAmid(log: CallLog, limit: number, amid: () => Promise<boolean>) {
  const met: string[] = [];
  let cursor: string | null = null;
  do {
    const query: PageQuery = { limit, ...(cursor === null ? {} : { cursor }) };
    const page = await log.page(teamId, query);
    met.push(...ids(page));
    cursor = page.next;
  } while ((await amid()) && cursor !== null);
  return met;
}
