// Format, lint, types and tests. What failed is told at the end, where the end of a log shows it.
"use strict";

const { execFile, spawnSync } = require("node:child_process");
const { existsSync, mkdtempSync, readFileSync, rmSync } = require("node:fs");
const { availableParallelism, tmpdir } = require("node:os");
const { join, relative } = require("node:path");
const { promisify } = require("node:util");
const { findRuntime } = require("../bin/runtime.cjs");

const root = join(__dirname, "..");
const vitest = join("node_modules", "vitest", "vitest.mjs");
const tsc = ["node_modules/typescript/bin/tsc", "--project"];

const checks = [
  [
    "format and lint",
    ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."],
  ],
  ["types", [...tsc, "."]],
  ["types of the dashboard", [...tsc, "dashboard"]],
  ["types of its tests", [...tsc, "test/dashboard"]],
];

/** More than there are cores: tests wait for processes, clocks and disks for some of their time. */
const filesAtOnce = Math.ceil(availableParallelism() * 1.5);

/** More files than these that fail are no bad moment of the machine, and are not run again. */
const filesRunAgain = 5;

/**
 * Runs every check and the tests of `groups`, each of projects that run at the same time; the last line is
 * `N passed, N failed`, each check counting as one.
 * A file of tests that failed is run once more by itself at the end. Tests that pass then count as passed and are
 * listed as unsteady, with what they said the first time: a shared machine stands still now and then, and whoever
 * reads the list can tell that from a race of ours.
 *
 * @returns whether all passed.
 */
async function verify(groups, say) {
  const results = await Promise.all(checks.map((check) => runCheck(check, say)));
  results.push(...groups.flatMap((projects) => runTests(projects)));
  const unsteady = runAgain(results);
  const failures = results.flatMap((result) => result.failures);
  const total = (what) => results.reduce((sum, result) => sum + result[what], 0);
  list("unsteady (failed, and passed when run again):", unsteady);
  list("failed:", failures);
  if (total("skipped") > 0) process.stdout.write(`${total("skipped")} skipped\n`);
  process.stdout.write(`${total("passed")} passed, ${failures.length} failed\n`);
  return failures.length === 0;
}

async function runCheck([title, command], say) {
  const options = { cwd: root, maxBuffer: Number.POSITIVE_INFINITY };
  const run = await promisify(execFile)(findRuntime(), command, options).catch((error) => error);
  const ok = !(run instanceof Error);
  if (!ok) process.stdout.write(`${run.stdout}${run.stderr || `${run}\n`}`);
  say(`${title}: ${ok ? "passed" : "failed"}`);
  const failures = ok ? [] : [{ title, message: "its output is above" }];
  return { passed: ok ? 1 : 0, skipped: 0, failures };
}

/**
 * @param projects - no two of which have a file in common.
 * @param files - those to run; all of the projects when left out.
 * @returns one result a file, and one without a file where the run failed for no test.
 */
function runTests(projects, files = []) {
  const folder = mkdtempSync(join(tmpdir(), "hookwatch-test-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const options = [
    ...projects.flatMap((project) => ["--project", project]),
    `--maxWorkers=${filesAtOnce}`,
    ...reporters,
    ...files,
  ];
  const run = spawnSync(findRuntime(), [vitest, "run", ...options], {
    cwd: root,
    stdio: "inherit",
  });
  const json = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : { testResults: [] };
  rmSync(folder, { recursive: true });
  const results = json.testResults.map((result) => readResult(projects, result));
  if (run.status !== 0 && results.every(({ failures }) => failures.length === 0)) {
    const title = `tests of the kinds ${projects.join(", ")}`;
    const message = `an error outside of any test; vitest ended with ${run.status ?? run.signal}`;
    results.push({ passed: 0, skipped: 0, failures: [{ title, message }] });
  }
  return results;
}

/** Of one file; one that does not load, or whose hook fails, may fail without a test that does. */
function readResult(projects, { name, status, message, assertionResults }) {
  const file = relative(root, name);
  const count = (...wanted) =>
    assertionResults.filter((test) => wanted.includes(test.status)).length;
  const failures = assertionResults
    .filter((test) => test.status === "failed")
    .map((test) => ({ file, title: test.fullName, message: test.failureMessages.join("\n") }));
  if (status === "failed" && failures.length === 0) failures.push({ file, title: file, message });
  const skipped = count("pending", "skipped", "todo", "disabled");
  return { projects, file, passed: count("passed"), skipped, failures };
}

/** Puts what a second run says in the place of what failed. @returns the failures that it did not have. */
function runAgain(results) {
  const failed = results.filter(({ file, failures }) => file && failures.length > 0);
  if (failed.length > filesRunAgain) return [];
  return failed.flatMap((first) => {
    process.stdout.write(`\nrunning again what failed: ${first.file}\n`);
    const second = runTests(first.projects, [first.file]);
    results.splice(results.indexOf(first), 1, ...second);
    const titles = second.flatMap(({ failures }) => failures.map(({ title }) => title));
    return first.failures.filter(({ title }) => !titles.includes(title));
  });
}

function list(heading, failures) {
  if (failures.length === 0) return;
  process.stdout.write(`\n${heading}\n`);
  for (const { file, title, message } of failures) {
    const lines = String(message ?? "")
      .split("\n")
      .filter((line) => !line.includes("/node_modules/"))
      .slice(0, 12);
    process.stdout.write(`- ${file && file !== title ? `${file}: ` : ""}${title}\n`);
    process.stdout.write(lines.map((line) => `    ${line}\n`).join(""));
  }
}

module.exports = { verify };
