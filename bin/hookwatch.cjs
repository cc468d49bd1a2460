#!/usr/bin/env node
// The launcher: starts the program on a Node.js that is new enough, and nothing else.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { findRuntime } = require("./runtime.cjs");

const program = join(__dirname, "..", "src", "cli", "main.ts");

let runtime;
try {
  runtime = findRuntime();
} catch (error) {
  process.stderr.write(`hookwatch: ${error.message}\n`);
  process.exit(1);
}

if (runtime === process.execPath) {
  void import(pathToFileURL(program).href);
} else {
  const child = spawn(runtime, [program, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`hookwatch: ${runtime} cannot be run: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}
