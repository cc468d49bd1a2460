/**
 * The official conformance suite as a program: what it is told, and the checks it wrote down.
 *
 * Guarantees: its files are gone when it is over; a scenario that did not run has no entry; a run
 * that ends in an error, and not with failed checks, is an error with its output.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

/** One thing that the suite looked at. A scenario may look at the same thing several times. */
export interface Check {
  readonly id: string;
  readonly name: string;
  /** `INFO` is what the suite's own mock saw, and no verdict. */
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  /** What the suite saw, in no fixed form. */
  readonly details?: unknown;
  readonly errorMessage?: string;
}

/** By the name of the scenario. */
export type Results = ReadonlyMap<string, readonly Check[]>;

export interface Score {
  readonly scenarios: number;
  readonly passed: number;
  readonly failed: number;
}

const program = createRequire(import.meta.url).resolve(
  "@modelcontextprotocol/conformance/dist/index.js",
);

/** A scenario takes a second; dozens of them share two cores. */
const scenarioMaxMs = 60_000;

export async function runSuite(
  leg: "server" | "client",
  choice: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), "hookwatch-conformance-"));
  try {
    const options = ["--timeout", String(scenarioMaxMs), "--output-dir", folder];
    const child = spawn(process.execPath, [program, leg, ...choice, ...options], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, trouble, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "exit"),
    ]);
    const results = await resultsIn(folder);
    // 1 also when a check has failed.
    if (results.size === 0) throw new Error(`the suite ended with ${code}:\n${output}${trouble}`);
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function scoreOf(results: Results): Score {
  const checks = [...results.values()].flat();
  return {
    scenarios: results.size,
    passed: checks.filter(({ status }) => status === "SUCCESS").length,
    failed: checks.filter(({ status }) => status === "FAILURE").length,
  };
}

/** A folder is named for the leg (servers only), the scenario, and the time: `server-ping-2026-…Z`. */
const folderName = /^(?:server-)?(.+)-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/;

async function resultsIn(folder: string): Promise<Results> {
  const results = new Map<string, readonly Check[]>();
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith("checks.json")) continue;
    const scenario = folderName.exec(dirname(file))?.[1];
    if (!scenario) throw new Error(`the suite wrote ${file}, which names no scenario`);
    results.set(scenario, JSON.parse(await readFile(join(folder, file), "utf8")) as Check[]);
  }
  return results;
}
