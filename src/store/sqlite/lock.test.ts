import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { lockFile } from "./lock.ts";

const root = mkdtempSync(join(tmpdir(), "hookwatch-lock-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Another process that takes the lock, says so, and waits to be killed. */
async function holder(path: string) {
  const script = `
    import { lockFile } from ${JSON.stringify(fileURLToPath(new URL("./lock.ts", import.meta.url)))};
    globalThis.held = lockFile(process.argv[1]);
    process.stdout.write(globalThis.held ? "held" : "refused");
    setInterval(() => undefined, 60_000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(child.stdout, "data");
  return {
    said: String(said),
    pid: child.pid,
    async kill(signal: NodeJS.Signals) {
      child.kill(signal);
      if (signal === "SIGKILL") await once(child, "exit");
    },
  };
}

test("a lock is held once in a process and can be taken again when it was given back", () => {
  const path = join(root, "own");
  const first = lockFile(path);
  expect(first).toBeDefined();
  expect(lockFile(path)).toBeUndefined();
  expect(lockFile(path)).toBeUndefined();
  first?.[Symbol.dispose]();
  using second = lockFile(path);
  expect(second).toBeDefined();
});

test("a lock is held once among processes, also by one that is stopped, until that is killed", async () => {
  const path = join(root, "theirs");
  const theirs = await holder(path);
  expect(theirs.said).toBe("held");
  expect(lockFile(path)).toBeUndefined();
  await theirs.kill("SIGSTOP");
  expect(lockFile(path)).toBeUndefined();
  await theirs.kill("SIGKILL");
  using ours = lockFile(path);
  expect(ours).toBeDefined();
  const late = await holder(path);
  await late.kill("SIGKILL");
  expect(late.said).toBe("refused");
});

test("a killed holder leaves nothing but the empty file", async () => {
  const folder = mkdtempSync(join(root, "left-"));
  const theirs = await holder(join(folder, "host.lock"));
  await theirs.kill("SIGKILL");
  expect(readdirSync(folder)).toEqual(["host.lock"]);
});

test("a path that cannot be locked is refused in a sentence", () => {
  expect(() => lockFile(join(root, "missing", "host.lock"))).toThrow(
    expect.objectContaining({ code: "unavailable" }),
  );
  const path = join(root, "text");
  writeFileSync(path, "not what a lock looks like ".repeat(50));
  expect(() => lockFile(path)).toThrow(`${path} cannot be locked: file is not a database`);
});
