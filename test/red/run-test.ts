/** Runs the tests of one title in a tree of their own, and tells whether one of them failed by itself. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { titlePattern } from "./cited.ts";

/** Longer than any test's own limit, with its hooks and a build of the dashboard. */
const runMaxMs = 240_000;

export type Outcome =
  | { readonly is: "red"; readonly message: string }
  | { readonly is: "green" }
  /** The file did not load, no title matched, or nothing came to an end. */
  | { readonly is: "not run"; readonly message: string };

interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

export async function runTest(tree: string, file: string, title: string): Promise<Outcome> {
  const reportFile = join(tree, "red.json");
  rmSync(reportFile, { force: true });
  const child = spawn(
    process.execPath,
    [
      "node_modules/vitest/vitest.mjs",
      "run",
      file,
      ...["-t", titlePattern(title), "--reporter=json", `--outputFile=${reportFile}`],
    ],
    // A group of its own, so that what a broken test leaves behind can be ended with it.
    { cwd: tree, detached: true, stdio: ["ignore", "ignore", "pipe"] },
  );
  let errors = "";
  child.stderr.on("data", (text) => {
    errors = `${errors}${text}`.slice(-2_000);
  });
  const end = () => endGroup(child.pid);
  process.once("exit", end);
  const alarm = new AbortController();
  const exit = once(child, "exit").then(([code]) => (code === 0 ? "passed" : "failed"));
  const late = sleep(runMaxMs, "late", { signal: alarm.signal }).catch(() => "failed");
  const first = await Promise.race([exit, late]);
  alarm.abort();
  end();
  process.off("exit", end);
  await exit;
  if (first === "late") return { is: "not run", message: `no end within ${runMaxMs / 1_000} s` };
  return judge(reportFile, first === "failed", errors);
}

function judge(reportFile: string, hasFailed: boolean, errors: string): Outcome {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(reportFile, "utf8"));
  } catch {
    return { is: "not run", message: firstLine(errors) };
  }
  const tests = report.testResults.flatMap((one) => one.assertionResults);
  const failed = tests.find((one) => one.status === "failed");
  if (failed) return { is: "red", message: firstLine(failed.failureMessages?.[0] ?? "") };
  if (tests.some((one) => one.status === "passed")) {
    // What nobody catches fails the run, though every test of it passed.
    return hasFailed ? { is: "red", message: "an error that nobody caught" } : { is: "green" };
  }
  const message = report.testResults.map((one) => one.message).find((text) => text !== "");
  return { is: "not run", message: firstLine(message ?? "no test has this title") };
}

function firstLine(text: string): string {
  const [line = ""] = text.trim().split("\n");
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}
