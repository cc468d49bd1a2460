/** Segments made of others: the same bytes as if their rows had been encoded anew, and tallies that hold each call once. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketOf } from "../sketch.ts";
import { outcomeCode, outcomeOf } from "./call-codes.ts";
import { type EncodedSegment, encodeSegment, inListOrder, type Row, Segment } from "./segment.ts";
import { encodeTogether, encodeWithout } from "./segment-gathering.ts";
import { isTallied, makeTally, SegmentTally, talliedKinds, tallyHourMs } from "./segment-tally.ts";

const direction = "client";
const outcomes = [
  outcomeCode({ kind: "request", direction, status: "success", errorKind: "" }),
  outcomeCode({ kind: "request", direction, status: "error", errorKind: "tool" }),
  outcomeCode({ kind: "http", direction, status: "timeout", errorKind: "timeout" }),
];

interface Sample {
  readonly rows: number;
  readonly teams: number;
  readonly names: number;
  readonly spanMs: number;
  readonly durationMaxMs: number;
  /** Of 100 calls so many have a parent. */
  readonly related: number;
  readonly seed: number;
}

const sample: fc.Arbitrary<Sample> = fc.record({
  rows: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 4_000, max: 8_192 })),
  teams: fc.integer({ min: 1, max: 4 }),
  names: fc.constantFrom(1, 3, 256, 257, 8_192),
  spanMs: fc.constantFrom(1, 200, 70_000, 2 ** 33),
  durationMaxMs: fc.constantFrom(1, 250, 2 ** 17, 2 ** 35),
  related: fc.constantFrom(0, 1, 60),
  seed: fc.nat(),
});

/** By arrival, all seqs from `firstSeq` on. Half of the calls are of the first team. */
function rowsOf({ rows, teams, names, spanMs, durationMaxMs, related, seed }: Sample): Row[] {
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const uuid = () => Uint8Array.from({ length: 16 }, () => below(256));
  return Array.from({ length: rows }, (_, at) => ({
    seq: 1_000 + at,
    id: uuid(),
    team: 7 * below(2) * below(teams),
    server: below(names),
    method: below(names),
    tool: below(names) * 400_000,
    session: below(names),
    client: below(Math.min(names, 8)),
    outcome: outcomes[below(3)] ?? 0,
    startedMs: 1_760_000_000_000 - 2 ** 32 + below(spanMs),
    durationMs: below(durationMaxMs),
    parent: below(100) < related ? uuid() : null,
    logical: below(100) < related ? uuid() : null,
  }));
}

function segmentOf({ head, columns }: EncodedSegment): Segment {
  return new Segment({ id: 1, ...head }, (name) => {
    if (name === "tally") throw new Error("nobody asks for it");
    return columns[name];
  });
}

/** What would be in the file. */
function told(encoded: EncodedSegment | undefined): object | undefined {
  if (!encoded) return undefined;
  const columns = Object.entries({ ...encoded.columns, tally: makeTally(encoded) });
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return {
    ...encoded.head,
    ...Object.fromEntries(columns.map(([name, bytes]) => [name, digest(bytes)])),
  };
}

const spanOf = (rows: readonly Row[]) => ({
  firstSeq: rows[0]?.seq ?? 0,
  lastSeq: rows.at(-1)?.seq ?? 0,
});

test("a segment without some of its calls is what those that are left make anew", () => {
  const share = fc.constantFrom(0, 0.000_5, 0.02, 0.5, 0.99, 1);
  fc.assert(
    fc.property(sample, share, (from, doomedShare) => {
      const rows = rowsOf(from);
      const span = spanOf(rows);
      const listed = inListOrder(rows);
      const isDoomed = (row: Row) =>
        (row.id[3] ?? 0) / 256 + (row.id[4] ?? 0) / 65_536 < doomedShare;
      const doomed = new Set([...listed.keys()].filter((at) => isDoomed(listed[at] as Row)));
      const kept = listed.filter((row) => !isDoomed(row));
      const anew = kept.length === 0 ? undefined : encodeSegment(kept, span);
      const segment = segmentOf(encodeSegment(listed, span));
      expect(told(encodeWithout(segment, doomed))).toEqual(told(anew));
    }),
    { numRuns: 60 },
  );
});

test("segments that are put together are what all of their calls make anew", () => {
  const cuts = fc.array(fc.nat(8_192), { maxLength: 130, size: "max" });
  fc.assert(
    fc.property(sample, cuts, (from, places) => {
      const rows = rowsOf(from);
      const ends = [...places.filter((at) => at < rows.length), rows.length].toSorted(
        (a, b) => a - b,
      );
      const parts = ends
        .map((end, at) => rows.slice(ends[at - 1] ?? 0, end))
        .filter((part) => part.length > 0)
        .map((part) => segmentOf(encodeSegment(inListOrder(part), spanOf(part))));
      const anew = encodeSegment(inListOrder(rows), spanOf(rows));
      expect(told(encodeTogether(parts, spanOf(rows)))).toEqual(told(anew));
    }),
    { numRuns: 40 },
  );
});

test("a tally holds each call of a team with many once in each kind, and no other team", () => {
  fc.assert(
    fc.property(sample, (from) => {
      const rows = rowsOf(from);
      const bytes = makeTally(encodeSegment(inListOrder(rows), spanOf(rows)));
      for (const [team, own] of Map.groupBy(rows, (row) => row.team)) {
        if (!isTallied(rows.length, own.length)) {
          expect(() => SegmentTally.of(bytes, team)).toThrow(RangeError);
          continue;
        }
        const tally = SegmentTally.of(bytes, team);
        for (const kind of talliedKinds) {
          const nameOf = (row: Row) =>
            kind === "hour" ? Math.floor(row.startedMs / tallyHourMs) : row[kind];
          const found = [...tally.groups(kind)].map(([name, part]) => ({
            ...part,
            name,
            buckets: Array.from(part.buckets),
            bucketCounts: Array.from(part.bucketCounts),
          }));
          const wanted = [...Map.groupBy(own, nameOf)].map(([name, calls]) => summed(name, calls));
          const byName = (a: { name: number }, b: { name: number }) => a.name - b.name;
          expect(found.toSorted(byName)).toEqual(wanted.toSorted(byName));
        }
      }
    }),
    { numRuns: 20 },
  );
});

function summed(name: number, calls: readonly Row[]) {
  const count = (status: string) =>
    calls.filter(({ outcome }) => outcomeOf(outcome).status === status).length;
  const byBucket = [...Map.groupBy(calls, ({ durationMs }) => bucketOf(durationMs))];
  const sorted = byBucket.toSorted(([a], [b]) => a - b);
  return {
    name,
    successCount: count("success"),
    errorCount: count("error"),
    timeoutCount: count("timeout"),
    sumMs: calls.reduce((sum, { durationMs }) => sum + durationMs, 0),
    maxMs: Math.max(...calls.map(({ durationMs }) => durationMs)),
    buckets: sorted.map(([bucket]) => bucket),
    bucketCounts: sorted.map(([, own]) => own.length),
  };
}
