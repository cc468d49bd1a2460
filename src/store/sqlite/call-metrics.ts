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
import type { TallySums } from "./bundled-tallies.ts";
import { outcomeOf } from "./call-codes.ts";
import type { CallFile } from "./call-file.ts";
import { scan } from "./call-scan.ts";
import type { Positions } from "./hot-loops.ts";
import type { Names } from "./names.ts";
import { type Segment, segmentRowsMax } from "./segment.ts";
import { isTallied, SegmentTally, tallyHourMs } from "./segment-tally.ts";

type GroupOf = (kind: TallyKind, name: number) => Tally | null;

export async function callMetrics(
  file: CallFile,
  clock: Clock,
  teamId: string,
  query: MetricsQuery,
  signal: AbortSignal | undefined,
): Promise<CallMetrics> {
  using tally = new CallTally(query);
  const groupOf = groupsByName(tally, file.names);
  const byHours = query.bucketMs % tallyHourMs === 0;
  let whole: Segment[] = [];
  await scan(
    file,
    { teamId, filter: query, clock, signal },
    {
      visit: (segment, selection, span) => {
        const matching = selection.count(segment, span);
        if (matching === 0) return;
        const { values, counts } = segment.dictionary("team");
        const own = counts[values.indexOf(selection.team)];
        const isWhole = byHours && matching === own;
        if (isWhole && isTallied(segment.head.rows, matching)) whole.push(segment);
        else addRows(tally, segment, selection.select(segment, span), groupOf);
      },
      bundled: (bundle, { team }) => {
        const ids = whole.map(({ head }) => head.id);
        const tallies = () => whole.map((segment) => SegmentTally.of(segment.tally, team));
        if (whole.length > 0)
          addSums(tally, file.tallies.sums(teamId, bundle, ids, tallies), groupOf);
        whole = [];
      },
    },
  );
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

function addSums(tally: CallTally, sums: TallySums, groupOf: GroupOf): void {
  for (const kind of tallyKinds)
    for (const [name, part] of sums[kind]) groupOf(kind, name)?.addPart(part);
  for (const [hour, part] of sums.hour) {
    tally.total.addPart(part);
    tally.bucket(hour * tallyHourMs).addPart(part);
  }
}

function addRows(tally: CallTally, segment: Segment, positions: Positions, groupOf: GroupOf): void {
  const samples = samplesOf(segment, positions);
  for (const kind of tallyKinds) {
    const { values, codes } = segment.dictionary(kind);
    const groups = new Array<Tally | null | undefined>(values.length).fill(undefined);
    for (let index = 0; index < positions.length; index++) {
      const code = codes === undefined ? 0 : (codes[positions[index] as number] as number);
      let group = groups[code];
      if (group === undefined) {
        group = groupOf(kind, values[code] ?? 0);
        groups[code] = group;
      }
      if (group !== null) addSample(group, samples, index);
    }
  }
  for (let index = 0; index < positions.length; index++) {
    addSample(tally.total, samples, index);
    addSample(tally.bucket(segment.startedMs(positions[index] as number)), samples, index);
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
