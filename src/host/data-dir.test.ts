import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDataDir, openDataDir, unfinishedRestore } from "./data-dir.ts";

test("a missing folder is made with its parents, for its owner alone", () => {
  const root = mkdtempSync(join(tmpdir(), "hookwatch-"));
  const path = join(root, "a", "b");
  makeDataDir(path);
  makeDataDir(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  rmSync(root, { recursive: true });
});

test("a path through a file is refused in a sentence that names it", () => {
  const root = mkdtempSync(join(tmpdir(), "hookwatch-"));
  writeFileSync(join(root, "file"), "");
  const path = join(root, "file");
  expect(() => makeDataDir(join(path, "data"))).toThrow(
    `${path}/data cannot be used: a file is in its way`,
  );
  expect(() => makeDataDir(path)).toThrow(`${path} cannot be used: a file is in its way`);
  rmSync(root, { recursive: true });
});

test.runIf(process.platform === "linux")(
  "a place where nothing can be made is refused, not waited for",
  () => {
    expect(() => makeDataDir("/proc/hookwatch/data")).toThrow("it cannot be made there");
  },
);

test("a folder in use is refused, naming it and the process that holds it", () => {
  const path = mkdtempSync(join(tmpdir(), "hookwatch-"));
  {
    using _held = openDataDir(path);
    expect(readFileSync(join(path, "host.pid"), "utf8")).toMatch(new RegExp(`^${process.pid}\n`));
    expect(() => openDataDir(path)).toThrow(
      `the data directory ${path} is in use by process ${process.pid}; stop it, or set HOOKWATCH_DATA_DIR`,
    );
    writeFileSync(join(path, "host.pid"), "7\nanother-container\n");
    expect(() => openDataDir(path)).toThrow("in use by process 7 on another-container;");
    rmSync(join(path, "host.pid"));
    expect(() => openDataDir(path)).toThrow("in use by another process;");
  }
  expect(existsSync(join(path, "host.pid"))).toBe(false);
  // A pid that was left behind is nobody's, even if a process has it.
  writeFileSync(join(path, "host.pid"), `${process.ppid}\n`);
  openDataDir(path)[Symbol.dispose]();
  rmSync(path, { recursive: true });
});

test("a folder into which a restore did not end is refused, and not held", () => {
  const path = mkdtempSync(join(tmpdir(), "hookwatch-"));
  writeFileSync(join(path, unfinishedRestore), "{}");
  expect(() => openDataDir(path)).toThrow(/restore .* did not end/);
  expect(() => openDataDir(path)).toThrow(/restore .* did not end/);
  rmSync(path, { recursive: true });
});
