// Finds a Node.js that is new enough, on any Node.js >= 18: this file must parse there.
// Order: the one running, if it will do; HOOKWATCH_NODE; the one that npm brought as an
// optional dependency (docs/adr/0007-node-24-through-npm.md).
"use strict";

const { execFileSync } = require("node:child_process");

const oldest = [24, 15];

function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

/** The path of the runtime to use. @throws Error - one sentence that says what to do. */
function findRuntime() {
  const chosen = process.env.HOOKWATCH_NODE;
  if (chosen) {
    const version = versionOf(chosen);
    if (version && isNewEnough(version)) return chosen;
    throw new Error(
      version
        ? `HOOKWATCH_NODE is ${chosen}, which is Node.js ${version}; HookWatch needs ${oldest.join(".")} or newer.`
        : `HOOKWATCH_NODE is ${chosen}, which cannot be run.`,
    );
  }
  if (isNewEnough(process.version)) return process.execPath;
  try {
    return require.resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    throw new Error(
      `HookWatch needs Node.js ${oldest.join(".")} or newer; this is ${process.version}, and npm has no newer one for ` +
        `${process.platform}-${process.arch} here. Install a newer Node.js, or run "npm install" without --omit=optional.`,
    );
  }
}

function versionOf(path) {
  try {
    return execFileSync(path, ["--version"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

module.exports = { findRuntime };
