/**
 * Metrics: large segments that match as a whole by their tallies, the others row by row.
 *
 * Guarantees: agrees with count, as both look at the same rows (call-scan.ts). Bounds: those of `CallTally`.
 */
import type { CallStatus } from "../../call.ts";
import type { Clock } from "../../clock.ts";
import type { CallMetrics, MetricsQuery } from "../call-log.ts";
import { bucketOf } from "../sketch.ts";
import { CallTally, namesMax, type Tally, type TallyKind, tallyKinds } from "../statistics.ts";
import { type BundleTally, TallyGroups } from "./bundle-tally.ts";
import { outcomeOf } from "./call-codes.ts";
import type { CallFile } from "./call-file.ts";
import { type Gathering, type Question, scan } from "./call-scan.ts";
import type { Positions } from "./hot-loops.ts";
import type { Names } from "./names.ts";
import { type Segment, segmentRowsMax } from "./segment.ts";
import { isTallied, SegmentTally, talliedKinds, tallyHourMs } from "./segment-tally.ts";
import type { Selection, SeqSpan } from "./selection.ts";

type GroupOf = (kind: TallyKind, name: number) => Tally | null;

export async function callMetrics(
  file: CallFile,
  clock: Clock,
  teamId: string,
  query: MetricsQuery,
  signal: AbortSignal | undefined,
): Promise<CallMetrics> {
  using tally = new CallTally(query);
  const { bucketMs, ...filter } = query;
  const spanMs = bucketMs % tallyHourMs === 0 ? tallyHourMs : bucketMs;
  const groupOf = groupsByName(tally, file.names);
  const question: Question<BundleTally> = {
    name: `metrics by ${spanMs} ms`,
    begin: () => new MetricsGathering(spanMs),
    add: (found) => {
      for (const kind of tallyKinds)
        found.addTo(kind, (name) => {
          const group = groupOf(kind, name);
          return group === null ? [] : [group];
        });
      found.addTo("hour", (span) => [tally.total, tally.bucket(span * spanMs)]);
    },
  };
  await scan(file, { teamId, filter, clock, signal }, question);
  return tally.metrics();
}

/** Looks each name up once, and no more of them than there is room for: clients may make up one for each call. */
function groupsByName(tally: CallTally, names: Names): GroupOf {
  const known = new Map(tallyKinds.map((kind) => [kind, new Map<number, Tally | null>()]));
  return (kind, name) => {
    const groups = known.get(kind) ?? new Map<number, Tally | null>();
    let group = groups.get(name);
    // No tool is a name, but no group.
    if (group === undefined && groups.size <= namesMax) {
      group = tally.group(kind, names.text(name)) ?? null;
      groups.set(name, group);
    }
    return group ?? null;
  };
}

/** The tallies of one bundle. */
class MetricsGathering implements Gathering<BundleTally> {
  readonly #spanMs: number;
  readonly #groups = new TallyGroups();

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  visit(segment: Segment, selection: Selection, span: SeqSpan): void {
    const matching = selection.count(segment, span);
    if (matching === 0) return;
    const { values, counts } = segment.dictionary("team");
    const isWhole = matching === counts[values.indexOf(selection.team)];
    if (isWhole && this.#spanMs === tallyHourMs && isTallied(segment.head.rows, matching))
      this.#addTally(SegmentTally.of(segment.tally, selection.team));
    else this.#addRows(segment, selection.select(segment, span));
  }

  absorb(found: BundleTally): void {
    for (const kind of talliedKinds)
      found.addTo(kind, (name) => {
        const group = this.#groups.group(kind, name);
        return group ? [group] : [];
      });
  }

  end(): { answer: BundleTally; bytes: number } {
    const answer = this.#groups.pack();
    return { answer, bytes: answer.bytes };
  }

  #addTally(tally: SegmentTally): void {
    for (const kind of talliedKinds)
      for (const [name, part] of tally.groups(kind)) this.#groups.group(kind, name)?.addPart(part);
  }

  #addRows(segment: Segment, positions: Positions): void {
    const samples = samplesOf(segment, positions);
    for (const kind of tallyKinds) {
      const { values, codes } = segment.dictionary(kind);
      const groups = new Array<Tally | null | undefined>(values.length).fill(undefined);
      for (let index = 0; index < positions.length; index++) {
        const code = codes === undefined ? 0 : (codes[positions[index] as number] as number);
        let group = groups[code];
        if (group === undefined) {
          group = this.#groups.group(kind, values[code] ?? 0) ?? null;
          groups[code] = group;
        }
        if (group !== null) addSample(group, samples, index);
      }
    }
    // Rows ascend by start: those of one span follow one another.
    let [span, group]: [number, Tally | undefined] = [Number.NaN, undefined];
    for (let index = 0; index < positions.length; index++) {
      const startedMs = segment.startedMs(positions[index] as number);
      const own = Math.floor(startedMs / this.#spanMs);
      if (own !== span) [span, group] = [own, this.#groups.group("hour", own)];
      if (group) addSample(group, samples, index);
    }
  }
}

/** What every group that a call belongs to asks of it. */
interface Samples {
  readonly statuses: readonly CallStatus[];
  readonly durations: Float64Array;
  readonly buckets: Uint16Array;
}

/** What `samplesOf` returns lies here, until it is asked again: garbage of this size makes V8 collect all of it. */
const scratch = {
  statuses: new Array<CallStatus>(segmentRowsMax).fill("success"),
  durations: new Float64Array(segmentRowsMax),
  buckets: new Uint16Array(segmentRowsMax),
};

function samplesOf(segment: Segment, positions: Positions): Samples {
  const { values, codes } = segment.dictionary("outcome");
  const statusOf = Array.from(values, (outcome) => outcomeOf(outcome).status);
  const { statuses, durations, buckets } = scratch;
  const all = segment.durations;
  for (let index = 0; index < positions.length; index++) {
    const position = positions[index] as number;
    const durationMs = all[position] as number;
    statuses[index] = statusOf[codes?.[position] ?? 0] ?? "success";
    durations[index] = durationMs;
    buckets[index] = bucketOf(durationMs);
  }
  return scratch;
}

function addSample(group: Tally, { statuses, durations, buckets }: Samples, index: number): void {
  group.addBucketed(
    statuses[index] as CallStatus,
    durations[index] as number,
    buckets[index] as number,
  );
}
