/** The straight line through points, by least squares. */
export interface Line {
  /** Of y for each unit of x. */
  readonly slope: number;
  /** Standard error of the slope; of points that follow one another it is too small rather than too large. */
  readonly error: number;
}

export function lineOf(points: readonly (readonly [x: number, y: number])[]): Line {
  const count = points.length;
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / count;
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)];
  const spreadX = mean(([x]) => (x - meanX) ** 2);
  const slope = mean(([x, y]) => (x - meanX) * (y - meanY)) / spreadX;
  const rest = mean(([x, y]) => (y - meanY - slope * (x - meanX)) ** 2);
  return { slope, error: Math.sqrt(rest / spreadX / Math.max(1, count - 2)) };
}
