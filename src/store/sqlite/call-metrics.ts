/**
 * Metrics: large segments that match as a whole by their tallies, the others row by row.
 *
 * Guarantees: agrees with count, as both look at the same rows (call-scan.ts). Bounds: those of `CallTally`.
 */
import type { Clock } from "../../clock.ts";
import type { CallMetrics, MetricsQuery } from "../call-log.ts";
import { CallTally, type Tally, tallyKinds } from "../statistics.ts";
import { outcomeOf } from "./call-codes.ts";
import type { CallFile } from "./call-file.ts";
import { scan } from "./call-scan.ts";
import type { Segment } from "./segment.ts";
import { SegmentTally, tallyHourMs } from "./segment-tally.ts";
import type { Positions } from "./selection.ts";

type NameOf = (name: number) => string;

export async function callMetrics(
  file: CallFile,
  clock: Clock,
  teamId: string,
  query: MetricsQuery,
  signal: AbortSignal | undefined,
): Promise<CallMetrics> {
  const tally = new CallTally(query);
  const nameOf: NameOf = (name) => file.names.text(name);
  const byHours = query.bucketMs % tallyHourMs === 0;
  await scan(file, { teamId, filter: query, clock, signal }, (segment, selection, span) => {
    const matching = selection.count(segment, span);
    if (matching === 0) return;
    const { values, counts } = segment.dictionary("team");
    const team = values.indexOf(file.names.find(teamId) ?? 0);
    const whole = byHours && matching === counts[team];
    const summed = whole && SegmentTally.of(segment.tally, values[team] ?? 0);
    if (summed) addTally(tally, summed, nameOf);
    else addRows(tally, segment, selection.select(segment, span), nameOf);
  });
  return tally.metrics();
}

function addTally(tally: CallTally, summed: SegmentTally, nameOf: NameOf): void {
  for (const kind of tallyKinds) {
    for (const [name, part] of summed.groups(kind)) tally.group(kind, nameOf(name))?.addPart(part);
  }
  for (const [hour, part] of summed.groups("hour")) {
    tally.total.addPart(part);
    tally.bucket(hour * tallyHourMs).addPart(part);
  }
}

function addRows(tally: CallTally, segment: Segment, positions: Positions, nameOf: NameOf): void {
  const { durations } = segment;
  const outcomes = segment.dictionary("outcome");
  const statuses = [...outcomes.values].map((outcome) => outcomeOf(outcome).status);
  const statusAt = (position: number) => statuses[outcomes.codes?.[position] ?? 0] ?? "success";
  for (const kind of tallyKinds) {
    const { values, codes } = segment.dictionary(kind);
    const groups = new Array<Tally | undefined>(values.length).fill(undefined);
    for (const position of positions) {
      const code = codes?.[position] ?? 0;
      groups[code] ??= tally.group(kind, nameOf(values[code] ?? 0));
      groups[code]?.add(statusAt(position), durations[position] ?? 0);
    }
  }
  for (const position of positions) {
    const [status, durationMs] = [statusAt(position), durations[position] ?? 0];
    tally.total.add(status, durationMs);
    tally.bucket(segment.startedMs(position)).add(status, durationMs);
  }
}
