// Installs what a task needs and is not there yet. Whether it is there is read from npm's own
// record of what it has installed, which npm writes last; nothing is ever removed that is needed less.
"use strict";

const { spawn } = require("node:child_process");
const { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");

const root = join(__dirname, "..");
const lockFile = join(root, "package-lock.json");
const installedFile = join(root, "node_modules", ".package-lock.json");
/** A folder, because making one either succeeds or fails; holds the id of the process that installs. */
const turnFolder = join(root, ".installing");

/**
 * `runtime` leaves the development tools out; `all` has everything. Two at once take turns.
 *
 * @throws Error - one or two sentences; npm's own output was printed.
 */
async function install(scope, say) {
  if (isInstalled(scope)) return;
  await takeTurn(say);
  try {
    if (isInstalled(scope)) return;
    const what = scope === "all" ? "packages and development tools" : "packages";
    say(`installing ${what} (once, some 20 seconds) …`);
    await run("npm", [
      "ci",
      "--include=optional",
      scope === "all" ? "--include=dev" : "--omit=dev",
    ]);
  } finally {
    rmSync(turnFolder, { recursive: true, force: true });
  }
}

function isInstalled(scope) {
  if (!existsSync(installedFile)) return false;
  const wanted = packagesOf(lockFile);
  const present = packagesOf(installedFile);
  return Object.entries(wanted).every(([path, { version, dev, devOptional, optional }]) => {
    const needed = path !== "" && !optional && (scope === "all" || !(dev || devOptional));
    return !needed || present[path]?.version === version;
  });
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

async function takeTurn(say) {
  for (let told = false; ; told = true) {
    try {
      mkdirSync(turnFolder);
      writeFileSync(join(turnFolder, "pid"), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== "EEXIST")
        throw new Error(`nothing can be installed here: ${error.message}`);
    }
    if (!told) say("waiting for another installation to end …");
    await sleep(500);
    if (!isHeld()) rmSync(turnFolder, { recursive: true, force: true });
  }
}

/** False when the process that installs has died without giving up its turn. */
function isHeld() {
  try {
    process.kill(Number(readFileSync(join(turnFolder, "pid"), "utf8")), 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Ends only when npm has, also on Ctrl-C: npm half done is worse than npm done. */
async function run(program, args) {
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let stopped = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const stop = () => {
    stopped = true;
    child.kill("SIGTERM");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const status = await new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => resolve(code));
  });
  process.off("SIGINT", stop).off("SIGTERM", stop);
  if (stopped) throw new Error("the installation was stopped");
  if (status === 0) return;
  process.stderr.write(output);
  throw new Error(
    `npm ci did not succeed (${status}); its output is above. Is the package registry in reach, and may this folder be written?`,
  );
}

module.exports = { install };
