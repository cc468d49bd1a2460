// Runs a task of package.json on a fresh clone: installs what is missing, finds the runtime,
// then does the work. One line of progress for each step that takes time; output of a step is
// shown only when it fails. Plain CommonJS, so that any Node.js >= 18 can start it.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { join } = require("node:path");
const { findRuntime } = require("../bin/runtime.cjs");
const { buildDashboard } = require("./build-dashboard.cjs");
const { install } = require("./install.cjs");
const { verify } = require("./verify.cjs");

const root = join(__dirname, "..");

const biome = ["node_modules/@biomejs/biome/bin/biome"];
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
  planes: { needs: "all", run: (rest) => become([...vitest, "--project", "planes", ...rest]) },
  conformance: {
    needs: "all",
    run: (rest) => become([...vitest, "--project", "conformance", ...rest]),
  },
  browser: { needs: "all", run: (rest) => become([...vitest, "--project", "dashboard*", ...rest]) },
  red: { needs: "all", run: (rest) => become(["test/red/main.ts", ...rest]) },
  check: { needs: "all", run: () => end(["unit"]) },
  test: {
    needs: "all",
    run: () =>
      end(
        ["unit"],
        ["thorough", "store"],
        ["e2e"],
        ["planes", "conformance"],
        ["dashboard", "dashboard-speed"],
      ),
  },
};

main(process.argv[2], process.argv.slice(3)).catch((error) => fail(error.message));

async function main(name, rest) {
  const task = tasks[name];
  if (!task) fail(`unknown task "${name}"; there are ${Object.keys(tasks).join(", ")}`);
  process.chdir(root);
  await prepare(task.needs);
  return task.run(rest);
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

async function end(...groups) {
  process.exit((await verify(groups, say)) ? 0 : 1);
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
