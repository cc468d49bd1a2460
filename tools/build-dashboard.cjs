// Builds the dashboard when it is missing or older than its sources, which is told by a digest of them.
// Plain CommonJS, so that any Node.js >= 18 can start it.
"use strict";

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require("node:fs");
const { join } = require("node:path");
const { findRuntime } = require("../bin/runtime.cjs");

const root = join(__dirname, "..");
const sources = join(root, "dashboard");
const dist = join(root, "dist");
const built = join(dist, "dashboard");
/** The digest of what `built` was made of; written last. */
const digestFile = join(dist, "dashboard-digest.txt");
/** Why the last build failed, for the host to tell (src/host/built-dashboard.ts). */
const failureFile = join(dist, "dashboard-failure.txt");

/** True for an installed product, too, which has the build and not the sources. */
function isBuilt() {
  if (!existsSync(sources)) return true;
  return existsSync(built) && readText(digestFile) === digestOfSources();
}

/**
 * @param prepare installs what the build needs.
 * @returns why it could not be built, as a sentence; undefined when it is built.
 */
async function buildDashboard(prepare, say) {
  if (isBuilt()) return undefined;
  const failure = await attempt(prepare, say);
  mkdirSync(dist, { recursive: true });
  if (failure) writeFileSync(failureFile, `${failure}\n`);
  else rmSync(failureFile, { force: true });
  return failure;
}

async function attempt(prepare, say) {
  try {
    await prepare();
  } catch (error) {
    return `The dashboard could not be built: ${error.message}`;
  }
  say("building the dashboard …");
  const digest = digestOfSources();
  const fresh = `${built}-${process.pid}`;
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const options = ["build", "--outDir", fresh, "--emptyOutDir", "--logLevel", "warn"];
  // Whatever the surroundings are for, such as tests, what is built is what users get.
  const env = { ...process.env, NODE_ENV: "production" };
  const run = spawnSync(findRuntime(), [vite, ...options], { cwd: root, env, encoding: "utf8" });
  if (run.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    process.stderr.write(`${run.stdout ?? ""}${run.stderr ?? ""}`);
    return "The dashboard could not be built: `vite build` failed; its output went to the terminal of `npm start`.";
  }
  rmSync(digestFile, { force: true });
  rmSync(built, { recursive: true, force: true });
  renameSync(fresh, built);
  writeFileSync(digestFile, digest);
  return undefined;
}

/** Of names and contents; the lock file stands for the packages that are bundled. */
function digestOfSources() {
  const hash = createHash("sha256");
  const files = [join(root, "vite.config.ts"), join(root, "package-lock.json"), ...below(sources)];
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(`${file.slice(root.length)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

function below(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return below(path);
      return /\.test\.tsx?$/.test(entry.name) ? [] : [path];
    });
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

module.exports = { buildDashboard, isBuilt };
