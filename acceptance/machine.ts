/** What this machine lets a measurement do. Nothing is installed here; what is missing is named. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Skipped } from "./run.ts";

/** @throws Skipped — this is not root on Linux, or a program is missing; says which. */
export function requireRoot(what: string, programs: readonly string[] = []): void {
  const reason = lacks(programs);
  if (reason) throw new Skipped(`${what} needs ${reason}`);
}

/** Why root's programs cannot be run here, if so. */
export function lacks(programs: readonly string[]): string | undefined {
  if (process.platform !== "linux") return `Linux; this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "to be run by root";
  const missing = programs.filter((name) => spawnSync("which", [name]).status !== 0);
  return missing.length > 0 ? `${missing.join(", ")}, not installed here` : undefined;
}

/** @throws Skipped — this user may not mount file systems here. */
export function requireMounts(what: string): void {
  requireRoot(what, ["mount", "umount"]);
  const path = mkdtempSync(join(tmpdir(), "hookwatch-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "pipe" });
    execFileSync("umount", [path]);
  } catch (cause) {
    throw new Skipped(`${what} needs to mount file systems: ${(cause as Error).message.trim()}`);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** How many wanted a core in the last minutes, against how many there are: what times and rates are to be read with. */
export function busyness(): string {
  const averages = loadavg().map((one) => one.toFixed(1));
  return `${averages.join(", ")} threads wanted one of ${availableParallelism()} cores in the last 1, 5, 15 minutes`;
}

/**
 * For how long this machine's cores had something to run and did not, since its own host ran others: milliseconds since it
 * started, of all cores. NaN where it does not say. https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat
 */
export function stolenMs(): number {
  if (process.platform !== "linux") return Number.NaN;
  const [, ...times] = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]?.split(/\s+/) ?? [];
  // user, nice, system, idle, iowait, irq, softirq, steal: in hundredths of a second.
  return Number(times[7] ?? Number.NaN) * 10;
}

/** Runs a program to its end; resolves to what it printed. */
export function command(name: string, ...args: readonly string[]): string {
  return execFileSync(name, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Likewise, and it does not matter whether it succeeds. */
export function attempt(name: string, ...args: readonly string[]): void {
  spawnSync(name, args, { stdio: "ignore", timeout: 10_000 });
}
