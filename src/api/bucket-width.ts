/** Bucket widths that people can read off an axis: 1, 2 or 5 of a unit, and the parts of minutes, hours and days. */

const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

const withinDayMs: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * secondMs),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minuteMs),
  ...[1, 2, 3, 6, 12].map((count) => count * hourMs),
];

/** The smallest such width of which no more than `bucketsMax` (1 at least) overlap the window. */
export function bucketWidthMs(sinceMs: number, untilMs: number, bucketsMax: number): number {
  for (const widthMs of widthsMs()) {
    // Two buckets can straddle a border however wide they are, but for a border at 1970 itself.
    if (bucketCount(sinceMs, untilMs, widthMs) <= Math.max(bucketsMax, 2)) return widthMs;
  }
  return Number.MAX_SAFE_INTEGER;
}

/** How many buckets that start at whole multiples of their width overlap the half-open window. */
export function bucketCount(sinceMs: number, untilMs: number, widthMs: number): number {
  return untilMs > sinceMs ? Math.ceil(untilMs / widthMs) - Math.floor(sinceMs / widthMs) : 0;
}

function* widthsMs(): Generator<number> {
  yield* withinDayMs;
  for (let days = 1; days < 10_000_000; days *= 10) {
    yield* [days * dayMs, 2 * days * dayMs, 5 * days * dayMs];
  }
}
