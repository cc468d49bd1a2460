/** Round numbers for the axis of a chart. */

/** A number that nothing exceeds, which a person would write on an axis. */
export function roundMax(max: number): number {
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  return ([1, 2, 4, 5, 8, 10].find((factor) => factor * power >= max) ?? 10) * power;
}

/** 0, the middle, the end. */
export function axisOf(max: number): readonly number[] {
  return [0, max / 2, max];
}
