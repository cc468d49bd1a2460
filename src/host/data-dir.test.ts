import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDataDir } from "./data-dir.ts";

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
