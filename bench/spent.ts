/** Time and processor time of one kind of work, over many turns. */
export class Spent {
  readonly turnsMs: number[] = [];
  #cpuMs = 0;

  /** CPU time is that of the whole process. */
  async turn(work: () => unknown): Promise<void> {
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    await work();
    this.turnsMs.push(performance.now() - startedMs);
    const { user, system } = process.cpuUsage(cpu);
    this.#cpuMs += (user + system) / 1_000;
  }

  get wallMs(): number {
    return this.turnsMs.reduce((sum, ms) => sum + ms, 0);
  }

  get cpuMs(): number {
    return this.#cpuMs;
  }
}

/** The smallest value that so large a part of them does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** A figure for people: 0.24, 3.1, 48, 1,204; empty when there is none. */
export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  return value.toLocaleString("en", { maximumFractionDigits: value < 1 ? 2 : value < 10 ? 1 : 0 });
}

export function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

export function head(cells: readonly string[]): string {
  return `${row(cells)}\n|${cells.map((_, at) => (at === 0 ? "---|" : "--:|")).join("")}`;
}
