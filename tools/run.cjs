// Runs a task of package.json on a fresh clone: installs what is missing, finds the runtime,
// then does the work. One line of progress for each step that takes time; output of a step is
// shown only when it fails. Plain CommonJS, so that any Node.js >= 18 can start it.
"use strict";

const { spawn, spawnSync } = require("node:child_process");
const { existsSync, mkdtempSync, readFileSync, rmSync } = require("node:fs");
const { constants, tmpdir } = require("node:os");
const { join } = require("node:path");
const { findRuntime } = require("../bin/runtime.cjs");
const { buildDashboard } = require("./build-dashboard.cjs");
const { install } = require("./install.cjs");

const root = join(__dirname, "..");

const biome = ["node_modules/@biomejs/biome/bin/biome"];
const tsc = ["node_modules/typescript/bin/tsc", "--project"];
const vite = ["node_modules/vite/bin/vite.js"];
const vitest = ["node_modules/vitest/vitest.mjs", "run"];

const tasks = {
  start: { needs: "dashboard", run: (rest) => become(["bin/hookwatch.cjs", "serve", ...rest]) },
  dashboard: { needs: "all", run: (rest) => become([...vite, ...rest]) },
  screenshots: {
    needs: "all",
    run: (rest) => become([...vitest, "--project", "screenshots", ...rest]),
  },
  demo: { needs: "all", run: (rest) => become(["demo/main.ts", ...rest]) },
  docs: { needs: "runtime", run: (rest) => become(["tools/docs.ts", ...rest]) },
  bench: { needs: "all", run: (rest) => become(["bench/main.ts", ...rest]) },
  acceptance: { needs: "all", run: (rest) => become(["acceptance/main.ts", ...rest]) },
  format: { needs: "all", run: () => become([...biome, "check", "--write", "."]) },
  unit: { needs: "all", run: (rest) => become([...vitest, "--project", "unit", ...rest]) },
  thorough: { needs: "all", run: (rest) => become([...vitest, "--project", "thorough", ...rest]) },
  store: { needs: "all", run: (rest) => become([...vitest, "--project", "store", ...rest]) },
  e2e: { needs: "all", run: (rest) => become([...vitest, "--project", "e2e", ...rest]) },
  conformance: {
    needs: "all",
    run: (rest) => become([...vitest, "--project", "conformance", ...rest]),
  },
  browser: { needs: "all", run: (rest) => become([...vitest, "--project", "dashboard", ...rest]) },
  check: { needs: "all", run: () => verify(["unit"]) },
  test: {
    needs: "all",
    run: () => verify(["unit", "thorough", "store", "e2e", "conformance", "dashboard"]),
  },
};

main(process.argv[2], process.argv.slice(3)).catch((error) => fail(error.message));

async function main(name, rest) {
  const task = tasks[name];
  if (!task) fail(`unknown task "${name}"; there are ${Object.keys(tasks).join(", ")}`);
  process.chdir(root);
  await prepare(task.needs);
  task.run(rest);
}

/** Building the dashboard needs development tools; without them, or without the build, the host starts all the same. */
async function prepare(needs) {
  if (needs !== "dashboard") return install(needs, say);
  const failure = await buildDashboard(() => install("all", say), say);
  if (failure) say(failure);
  await install("runtime", say);
}

/** Hands over to a program on the right runtime: its output, its signals, its exit code. */
function become(command) {
  const child = spawn(runtime(), command, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`${command[0]} cannot be run: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

/** Format, lint, types and tests; the last line is `N passed, N failed`, each check counting as one. */
function verify(projects) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [what, command] of [
    ["format and lint", [...biome, "check", "--error-on-warnings", "."]],
    ["types", [...tsc, "."]],
    ["types of the dashboard", [...tsc, "dashboard"]],
    ["types of its tests", [...tsc, "test/dashboard"]],
  ]) {
    const step = spawnSync(runtime(), command, { encoding: "utf8" });
    if (step.status === 0) counts.passed += 1;
    else {
      counts.failed += 1;
      process.stdout.write(`${step.stdout}${step.stderr}`);
    }
    say(`${what}: ${step.status === 0 ? "passed" : "failed"}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "hookwatch-test-"));
  for (const project of projects) addTests(counts, project, join(folder, `${project}.json`));
  rmSync(folder, { recursive: true });
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
  process.exit(counts.failed === 0 ? 0 : 1);
}

/** Units have the machine to themselves but for each other; the others measure time, one file after the other. */
const workers = { unit: ["--maxWorkers=100%"], thorough: ["--maxWorkers=100%"] };

function addTests(counts, project, report) {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const options = ["--project", project, ...reporters, ...(workers[project] ?? [])];
  const run = spawnSync(runtime(), [...vitest, ...options], { stdio: "inherit" });
  const result = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined;
  counts.passed += result?.numPassedTests ?? 0;
  counts.failed += result?.numFailedTests ?? 0;
  counts.skipped += (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0);
  // A file that does not load, or an error outside a test, fails the run without failing a test.
  if (run.status !== 0 && !(result?.numFailedTests > 0)) counts.failed += 1;
}

function runtime() {
  try {
    return findRuntime();
  } catch (error) {
    fail(error.message);
  }
}

function say(message) {
  process.stderr.write(`hookwatch: ${message}\n`);
}

function fail(message) {
  say(message);
  process.exit(1);
}
