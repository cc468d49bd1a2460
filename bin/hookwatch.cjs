#!/usr/bin/env node
// The launcher: starts the program on a Node.js that is new enough, and nothing else.
"use strict";

const { spawn } = require("node:child_process");
const { constants, getPriority, setPriority } = require("node:os");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { findRuntime } = require("./runtime.cjs");

const program = join(__dirname, "..", "src", "cli", "main.ts");
// Compiled code is kept from one start to the next, where only whoever may change the code may write: halves the
// start, and saves a quarter of the memory of an idle host.
process.env.NODE_COMPILE_CACHE ||= join(__dirname, "..", "node_modules", ".cache", "hookwatch");
// Names are looked up, passwords hashed and files read in the same threads, four unless told: a slow resolver would hold up the rest.
process.env.UV_THREADPOOL_SIZE ||= "16";
// glibc keeps what is freed, in a heap for each thread: 80 MiB of a host under load. So: two heaps, pages of their own for
// what is large, and back with the rest. It must be told when a process begins.
// https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html
const malloc = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "262144",
  MALLOC_TRIM_THRESHOLD_: "1048576",
};
const isMallocTold =
  process.platform !== "linux" || Object.keys(malloc).every((name) => process.env[name]);
for (const [name, value] of Object.entries(malloc)) process.env[name] ||= value;

// A backup is made beside a host, whose calls come first: from here on, with every thread that will be.
if (process.argv[2] === "backup") setPriority(Math.max(getPriority(), 10));

let runtime;
try {
  runtime = findRuntime();
} catch (error) {
  process.stderr.write(`hookwatch: ${error.message}\n`);
  process.exit(1);
}

// V8 lets the young heap of a busy main thread grow to 96 MiB; with an eighth of that a host is as fast, and much
// smaller. V8, too, must be told when a process begins, so this one begins anew, under the same id.
const young = "--max-semi-space-size";
const isSame = runtime === process.execPath;
const told = [...(isSame ? process.execArgv : []), process.env.NODE_OPTIONS ?? ""];
const isYoungTold = told.some((text) => text.includes(young));
const isHost = process.argv[2] === "serve";
const flags = [
  ...(isHost && !isYoungTold ? [`${young}=4`] : []),
  ...(isSame ? process.execArgv : []),
];

// A listening socket that this process was given (sd_listen_fds(3)) would not outlive that: a child has it, then. Not for
// malloc's sake alone, which whoever starts a host that way can tell (docs/restarts.md).
const { LISTEN_PID, ...environment } = process.env;
const isGiven =
  environment.LISTEN_FDS === "1" && [undefined, String(process.pid)].includes(LISTEN_PID);
const beginsAnew = isHost && (!isYoungTold || (!isMallocTold && !isGiven));
const mayBeginAnew = process.platform !== "win32" && (process.permission?.has("child") ?? true);
if (isSame && beginsAnew && !isGiven && mayBeginAnew)
  process.execve(runtime, [runtime, ...flags, ...process.argv.slice(1)]);

if (isSame && (!beginsAnew || !isGiven)) {
  require("node:module").enableCompileCache?.();
  void import(pathToFileURL(program).href);
} else {
  if (!isGiven) delete environment.LISTEN_FDS;
  const child = spawn(runtime, [...flags, program, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", ...(isGiven ? [3] : [])],
    env: environment,
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`hookwatch: ${runtime} cannot be run: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}
