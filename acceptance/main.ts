/**
 * `npm run acceptance -- [Q8 Q10 …] [--full] [--strict] [--seconds n] [--times n] [--rows n]`: measures what is
 * demanded of the program under faults, on the real process, and says PASS, FAIL or SKIPPED for each figure.
 *
 * Exit code 0 when nothing failed; with `--strict` a skip is a failure, too.
 */
import { parseArgs } from "node:util";
import { backpressure } from "./backpressure.ts";
import { backupUnderLoad } from "./backup-under-load.ts";
import { boundedMemory } from "./bounded-memory.ts";
import { clockJumps } from "./clock-jumps.ts";
import { controlPlane } from "./control-plane.ts";
import { diskFull } from "./disk-full.ts";
import { errorBudget } from "./error-budget.ts";
import { exactAccount } from "./exact-account.ts";
import { idleStreams } from "./idle-streams.ts";
import { ioErrors } from "./io-errors.ts";
import { killNine } from "./kill-nine.ts";
import { latency } from "./latency.ts";
import { noisyNeighbour } from "./noisy-neighbour.ts";
import { powerCut } from "./power-cut.ts";
import { queryWhileWriting } from "./query-while-writing.ts";
import { release } from "./release.ts";
import { restarts } from "./restarts.ts";
import { type Parameters, Run, Skipped, type Verdict } from "./run.ts";
import { soak } from "./soak.ts";
import { storeHung } from "./store-hung.ts";
import { streamLag } from "./stream-lag.ts";
import { throughput } from "./throughput.ts";
import { upgrade } from "./upgrade.ts";
import { upstreamFaults } from "./upstream-faults.ts";

interface Program {
  readonly title: string;
  readonly measure: (run: Run) => Promise<void>;
}

const programs: Readonly<Record<string, Program>> = {
  Q1: { title: "throughput against nginx", measure: throughput },
  Q2: { title: "latency against nginx", measure: latency },
  Q3: { title: "events through many streams", measure: streamLag },
  Q4: { title: "idle streams", measure: idleStreams },
  Q5: { title: "clients that vanish", measure: release },
  Q6: { title: "memory under load", measure: boundedMemory },
  Q7: { title: "readers that stall", measure: backpressure },
  Q8: { title: "kill -9 under load", measure: killNine },
  Q9: { title: "power cut under load", measure: powerCut },
  Q10: { title: "disk full", measure: diskFull },
  Q11: { title: "I/O errors", measure: ioErrors },
  Q12: { title: "store hung", measure: storeHung },
  Q13: { title: "accounting", measure: exactAccount },
  Q14: { title: "servers that break", measure: upstreamFaults },
  Q15: { title: "restarts under load", measure: restarts },
  Q16: { title: "clock jumps", measure: clockJumps },
  Q17: { title: "soak", measure: soak },
  Q19: { title: "noisy neighbour", measure: noisyNeighbour },
  Q20: { title: "queries while writing", measure: queryWhileWriting },
  Q21: { title: "upgrade", measure: upgrade },
  Q22: { title: "backup under load", measure: backupUnderLoad },
  Q23: { title: "control plane", measure: controlPlane },
  Q24: { title: "error budget", measure: errorBudget },
};

/** A figure that hangs is a figure that fails. */
const programMaxMs = { short: 600_000, full: 3_600_000 };

const usage = `npm run acceptance -- [figures] [--full] [--strict] [--seconds n] [--times n] [--rows n]

${Object.entries(programs)
  .map(([name, { title }]) => `  ${name.padEnd(4)} ${title}`)
  .join("\n")}`;
const { values, positionals } = readFlags();
if (values.help) {
  console.log(usage);
  process.exit();
}
const parameters: Parameters = {
  full: values.full,
  seconds: whole("seconds", values.seconds),
  times: whole("times", values.times),
  rows: whole("rows", values.rows),
};
const verdicts: [name: string, verdict: Verdict, seconds: number][] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(programs)) {
  const program = programs[name.toUpperCase()];
  if (!program) fail(`there is no figure "${name}"; there are ${Object.keys(programs).join(", ")}`);
  const startedMs = performance.now();
  const verdict = await measured(name.toUpperCase(), program);
  verdicts.push([name.toUpperCase(), verdict, (performance.now() - startedMs) / 1_000]);
}
console.log("");
for (const [name, verdict, seconds] of verdicts) {
  console.log(
    `${name.padEnd(4)} ${verdict.padEnd(8)} ${programs[name]?.title} (${seconds.toFixed(0)} s)`,
  );
}
const bad = values.strict ? ["FAIL", "SKIPPED"] : ["FAIL"];
process.exit(verdicts.some(([, verdict]) => bad.includes(verdict)) ? 1 : 0);

async function measured(name: string, { title, measure }: Program): Promise<Verdict> {
  console.log(`\n# ${name} ${title}\n`);
  const run = new Run(parameters, (line) => console.log(line));
  const askedMs = 3_000 * (parameters.seconds ?? 0);
  const maxMs = Math.max(askedMs, parameters.full ? programMaxMs.full : programMaxMs.short);
  const late = setTimeout(() => {
    console.log(`FAIL     ${name} did not end within ${maxMs / 1_000} s`);
    process.exit(1);
  }, maxMs);
  try {
    await measure(run);
  } catch (cause) {
    if (cause instanceof Skipped) run.skip(title, cause.message);
    else
      run.check(
        "the measurement ends",
        cause instanceof Error ? `${cause.stack}` : `${cause}`,
        false,
      );
  } finally {
    clearTimeout(late);
  }
  return run.verdict();
}

function readFlags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        full: { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        seconds: { type: "string" },
        times: { type: "string" },
        rows: { type: "string" },
      },
    });
  } catch (cause) {
    return fail(`${cause instanceof Error ? cause.message : cause}\n\n${usage}`);
  }
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(text))
    fail(`--${name} is "${text}", but must be a whole number above 0`);
  return Number(text);
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
