/**
 * What is installed (security.md T24): few packages in the running product, none that runs code when it is
 * installed, each pinned by a hash, each under a licence that may be shipped with ours.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const packagesMax = 60;
const licences = new Set(["Apache-2.0", "MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD"]);

interface Package {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
type Packages = Readonly<Record<string, Package>>;

const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
const packages: Packages = JSON.parse(lockText).packages;

describe("the lockfile", () => {
  test(`has at most ${packagesMax} packages of the running product`, () => {
    const running = runningOf(packages);
    expect(running.length).toBeGreaterThan(10);
    expect(running.length).toBeLessThanOrEqual(packagesMax);
  });

  test("has no package that runs code when it is installed, for development neither", () => {
    const scripted = Object.entries(packages).filter(
      ([, { hasInstallScript }]) => hasInstallScript,
    );
    expect(scripted.map(([path]) => path)).toEqual([]);
    expect(readFileSync(join(root, ".npmrc"), "utf8")).toMatch(/^ignore-scripts=true$/m);
  });

  test("ships only licences that go with ours", () => {
    const others = runningOf(packages).filter(([, { license }]) => !licences.has(license ?? ""));
    expect(others).toEqual([]);
  });

  test("asks for exact versions", () => {
    const own = packages[""];
    const asked = { ...own?.dependencies, ...own?.devDependencies, ...own?.optionalDependencies };
    const loose = Object.entries(asked).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test("pins every package by a SHA-512 and names no foreign registry", () => {
    expect(lint(lockText)).toBe("");
  });

  test.for([
    {
      why: "a weaker hash",
      from: /"integrity": "sha512-[^"]+"/,
      to: '"integrity": "sha1-Kq5sNclPz7QV2+lfQIuc6R7oRu0="',
    },
    {
      why: "a package from elsewhere",
      from: /"version": "[^"]+",\n {6}"integrity"/,
      to: '"version": "1.0.0",\n      "resolved": "https://example.com/evil.tgz",\n      "integrity"',
    },
  ])("is refused with $why, so that the check above can fail", ({ from, to }) => {
    // From the first package on: the project's own entry has neither.
    const tampered = lockText.replace(from, to);
    expect(tampered).not.toBe(lockText);
    expect(lint(tampered)).not.toBe("");
  });
});

test("`npm run sbom` lists what the running product is made of, and nothing else", () => {
  const bill = JSON.parse(
    execFileSync(process.execPath, ["tools/sbom.cjs"], { cwd: root, encoding: "utf8" }),
  );
  expect(bill.bomFormat).toBe("CycloneDX");
  const names = bill.components.map(({ name }: { readonly name: string }) => name);
  const running = runningOf(packages).map(([path]) =>
    path.slice(path.lastIndexOf("node_modules/") + 13),
  );
  expect(names.sort()).toEqual(running.sort());
});

function runningOf(all: Packages): [string, Package][] {
  return Object.entries(all).filter(([path, { dev, devOptional }]) => path && !dev && !devOptional);
}

/** What lockfile-lint says against a lockfile; empty when nothing. */
function lint(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "hookwatch-lock-"));
  const path = join(folder, "package-lock.json");
  writeFileSync(path, text);
  const tool = join(root, "node_modules/lockfile-lint/bin/lockfile-lint.js");
  const options = [
    "--type=npm",
    "--validate-integrity",
    "--validate-package-names",
    "--allowed-hosts=npm",
    "--format=plain",
  ];
  const run = spawnSync(process.execPath, [tool, "--path", path, ...options], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return run.status === 0 ? "" : `${run.stdout}${run.stderr}`;
}
