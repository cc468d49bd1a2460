/**
 * What the call log costs and how soon it answers: with full bodies beside the obvious table, and with small bodies
 * in larger numbers.
 *
 *     npm run bench -- store [--rows n] [--small n] [--turns n] [--batch n] [--dir path] [--quick]
 *
 * `--rows` calls of 1.7 KB (1,000,000) and `--small` of 0.7 KB (1,000,000; the targets speak of 10,000,000, which take
 * a quarter of an hour and 4 GB). `--quick` leaves out what is asked cold, while calls arrive, and removals.
 * Prints Markdown; leaves nothing behind. Machines are shared: read the ratios.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ms, quantile } from "./spent.ts";
import { filesOf } from "./store-facts.ts";
import type { PathReport } from "./store-path.ts";
import { isAsked, questions } from "./store-questions.ts";
import type { ColdReport, HotReport, LoadedReport, RemovalReport } from "./store-reader.ts";
import {
  ingestTable,
  loadedTable,
  type Measured,
  pathTable,
  questionTable,
  removalTable,
} from "./store-report.ts";
import { type Seeded, seed } from "./store-seed.ts";
import { wideAnswers } from "./store-wide.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    small: { type: "string", default: "1000000" },
    turns: { type: "string", default: "20" },
    batch: { type: "string", default: "1000" },
    dir: { type: "string", default: tmpdir() },
    quick: { type: "boolean", default: false },
  },
});
const pathCalls = 100_000;
const childMaxMs = 1_800_000;

const folder = mkdtempSync(join(values.dir, "hookwatch-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const startedMs = performance.now();
console.log(`${machine()}\n`);
const full = await measure("full", Number(values.rows), Number(values.rows));
const small =
  Number(values.small) > 0 ? await measure("small", Number(values.small), 0) : undefined;
const tenth = small ? await measureTenth(Number(values.small) / 10) : undefined;
const all = small ? [full, small] : [full];
const largest = small ?? full;
section("Writing", () => ingestTable(all.map(({ seeded }) => seeded)));
section("The whole write path", () =>
  pathTable(child<PathReport>("store-path.ts", join(folder, "path"), `${pathCalls}`)),
);
section("Asking", () => questionTable(full, small, tenth));
if (!values.quick) {
  section("While 2,000 calls a second arrive", () =>
    loadedTable(
      largest,
      child<LoadedReport>("store-reader.ts", "loaded", largest.folder, values.turns),
    ),
  );
  section("Removing", () =>
    removalTable(largest, child<RemovalReport>("store-reader.ts", "removal", largest.folder)),
  );
}
console.log(`\n${((performance.now() - startedMs) / 60_000).toFixed(1)} minutes in all.`);

/** A part that fails takes no other with it; the exit code tells. */
function section(title: string, make: () => string): void {
  console.log(`\n## ${title}\n`);
  try {
    console.log(make());
  } catch (cause) {
    console.log(`Not measured: ${cause instanceof Error ? cause.message : cause}`);
    process.exitCode = 1;
  }
}

async function measure(
  bodies: "full" | "small",
  rows: number,
  wideRows: number,
): Promise<Measured> {
  const path = join(folder, bodies);
  const batch = Number(values.batch);
  const seeded: Seeded = await seed(path, { rows, batch, bodies, wideRows });
  const hot = child<HotReport>("store-reader.ts", "hot", path, values.turns);
  const cold = values.quick
    ? []
    : questions.map(({ kind }, number) => {
        if (!isAsked(kind, { bodies })) return undefined;
        forget(path);
        return child<ColdReport>("store-reader.ts", "cold", path, `${number}`);
      });
  const wide = wideRows > 0 ? wideAnswers(path, seeded.facts) : [];
  rmSync(join(path, "wide.db"), { force: true });
  return { folder: path, seeded, hot, cold, wide };
}

/** What the growth of the larger log is measured from. */
async function measureTenth(rows: number): Promise<HotReport> {
  const path = join(folder, "tenth");
  await seed(path, {
    rows: Math.ceil(rows),
    batch: Number(values.batch),
    bodies: "small",
    wideRows: 0,
  });
  const hot = child<HotReport>("store-reader.ts", "hot", path, values.turns);
  rmSync(path, { recursive: true });
  return hot;
}

function child<Report>(program: string, ...args: readonly string[]): Report {
  const path = join(import.meta.dirname, program);
  const text = execFileSync(process.execPath, [path, ...args], {
    encoding: "utf8",
    timeout: childMaxMs,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(text) as Report;
}

/** The kernel lets go of what it remembers of the log's files; without `dd` they are asked as they are. */
function forget(path: string): void {
  for (const file of filesOf(path)) {
    spawnSync("dd", [`of=${file}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"], {
      stdio: "ignore",
    });
  }
}

function machine(): string {
  const [{ model } = { model: "unknown" }] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const load = loadavg().map((value) => value.toFixed(1));
  return [
    `${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${platform()} ${release()} ${arch()}`,
    `${cpus().length} × ${model}, ${memory}; a synced write of 4 KiB takes ${ms(syncMs())} ms; load ${load.join(" ")} at the start`,
  ].join("  \n");
}

/** The median of some; what a commit cannot be quicker than. */
function syncMs(): number {
  const file = openSync(join(folder, "sync"), "w");
  const timesMs = Array.from({ length: 50 }, () => {
    const startedMs = performance.now();
    writeSync(file, Buffer.alloc(4_096));
    fsyncSync(file);
    return performance.now() - startedMs;
  });
  closeSync(file);
  return quantile(timesMs, 0.5);
}
