/** What is wrong with recording, in a sentence for who asks `/readyz`. */

/** Milliseconds since each of them. */
export interface RecordingAges {
  /** Since the recorder said anything. */
  readonly reportedMs: number;
  /** Since the log took a batch, 0 when nothing waits for it. */
  readonly silentMs: number;
  /** Since the oldest call came that it has not taken; 0 without one. */
  readonly oldestMs: number;
  /** Since the last loss; infinite when there was none. */
  readonly lostMs: number;
}

const silentMaxMs = 30_000;
/** Losses are going on while the last one is younger. */
const losingMs = 10_000;

/** Undefined when nothing is. */
export function troubleOf({
  reportedMs,
  silentMs,
  oldestMs,
  lostMs,
}: RecordingAges): string | undefined {
  if (reportedMs >= silentMaxMs) return `the recorder has said nothing for ${seconds(reportedMs)}`;
  if (lostMs < losingMs) return "calls are being lost; /metrics says how many and why";
  if (silentMs < silentMaxMs) return undefined;
  return `the call log has taken nothing for ${seconds(silentMs)}; the oldest call waits for ${seconds(oldestMs)}`;
}

function seconds(durationMs: number): string {
  return `${Math.floor(durationMs / 1_000)} s`;
}
