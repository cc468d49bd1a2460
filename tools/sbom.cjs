// Prints the bill of materials (CycloneDX, JSON) of the running product. `npm sbom --omit=dev` itself leaves out
// what a development tool needs as well (npm 11.19), so it is asked about a lockfile without those tools.
"use strict";

const { spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const root = join(__dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "hookwatch-sbom-"));
try {
  const own = read("package.json");
  const lock = read("package-lock.json");
  delete own.devDependencies;
  delete lock.packages[""].devDependencies;
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).filter(([, { dev, devOptional }]) => !dev && !devOptional),
  );
  write("package.json", own);
  write("package-lock.json", lock);
  const args = ["sbom", "--sbom-format=cyclonedx", "--package-lock-only"];
  process.exitCode = spawnSync("npm", args, { cwd: folder, stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}

function read(name) {
  return JSON.parse(readFileSync(join(root, name), "utf8"));
}

function write(name, value) {
  writeFileSync(join(folder, name), JSON.stringify(value));
}
