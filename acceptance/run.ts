/**
 * One acceptance figure being measured: what it demands, what was seen, what could not be tried.
 *
 * In: parameters of the command line. Out: findings, printed as they come. Guarantees: a check that was
 * not made is never counted as held; a skip says why.
 */
export interface Parameters {
  /** The literal figures of the demand where the default measures less of them. */
  readonly full: boolean;
  /** Length of the loaded phase; each program has its own default. */
  readonly seconds: number | undefined;
  /** Kills, cuts, jumps, pairs of windows. */
  readonly times: number | undefined;
  /** Calls in the log before the measurement begins. */
  readonly rows: number | undefined;
}

export type Verdict = "PASS" | "FAIL" | "SKIPPED";

export interface Finding {
  readonly verdict: Verdict;
  readonly demand: string;
  /** What was measured, or why it was not. */
  readonly seen: string;
}

/** Ends a program that cannot be run here. */
export class Skipped extends Error {}

export class Run {
  readonly parameters: Parameters;
  readonly findings: Finding[] = [];
  readonly #print: (line: string) => void;

  constructor(parameters: Parameters, print: (line: string) => void) {
    this.parameters = parameters;
    this.#print = print;
  }

  check(demand: string, seen: string, holds: boolean): void {
    this.#add({ verdict: holds ? "PASS" : "FAIL", demand, seen });
  }

  skip(demand: string, reason: string): void {
    this.#add({ verdict: "SKIPPED", demand, seen: reason });
  }

  /** A figure that nothing is demanded of, or what the run is doing. */
  note(line: string): void {
    this.#print(`         ${line}`);
  }

  /** The given number, else the demand's own with `--full`, else the shorter default; says so when that is less. */
  amount(name: "seconds" | "times" | "rows", full: number, short: number, of: string): number {
    const chosen = this.parameters[name] ?? (this.parameters.full ? full : short);
    if (chosen < full)
      this.note(`${chosen} of the ${full} ${of} that are demanded; --full does all`);
    return chosen;
  }

  /** FAIL when anything failed or nothing was tried, SKIPPED when nothing could be tried. */
  verdict(): Verdict {
    const any = (verdict: Verdict) => this.findings.some((one) => one.verdict === verdict);
    if (any("FAIL") || this.findings.length === 0) return "FAIL";
    return any("PASS") ? "PASS" : "SKIPPED";
  }

  #add(finding: Finding): void {
    this.findings.push(finding);
    this.#print(`${finding.verdict.padEnd(8)} ${finding.demand}: ${finding.seen}`);
  }
}
