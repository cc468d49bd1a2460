/**
 * `hey` (Debian: `hey`), a client with a fixed number of connections, each of which sends its next request when its last was
 * answered.
 */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { requestFields } from "../bench/proxy/load.ts";

export interface HeyDemand {
  readonly connections: number;
  readonly seconds: number;
  /** What is posted. */
  readonly bodyFile: string;
}

export interface HeyResult {
  /** Answered or not. */
  readonly count: number;
  readonly perSecond: number;
  /** How many were not answered with 200. */
  readonly failed: number;
  /** Statuses and errors with how often each was met, as hey tells them. */
  readonly told: string;
}

/** @throws Error — hey cannot be run, or has not kept what became of each request, as of more than a million. */
export async function hey(
  url: string,
  { connections, seconds, bodyFile }: HeyDemand,
): Promise<HeyResult> {
  const load = ["-z", `${seconds}s`, "-c", `${connections}`];
  const fields = requestFields.flatMap(([name, value]) => fieldFlags(name, value));
  const request = ["-m", "POST", ...fields, "-D", bodyFile];
  const { stdout } = await promisify(execFile)("hey", [...load, ...request, url]);
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
  const perSecond = number(/Requests\/sec:\s+([\d.]+)/);
  const count = Math.round(perSecond * number(/Total:\s+([\d.]+) secs/));
  const [answers = "", errors = ""] = stdout.split("Error distribution:");
  const statuses = answers.split("Status code distribution:")[1] ?? "";
  const outcomes = [...`${statuses}${errors}`.matchAll(/^\s+\[(\d+)\]\s+(.*)$/gm)];
  // "[200]	5 responses", but "[5]	dial tcp …".
  const answered = [...statuses.matchAll(/^\s+\[(\d+)\]\s+(\d+) responses$/gm)];
  const ok = Number(answered.find(([, status]) => status === "200")?.[2] ?? 0);
  const known =
    answered.reduce((sum, [, , of]) => sum + Number(of), 0) +
    [...errors.matchAll(/^\s+\[(\d+)\]/gm)].reduce((sum, [, of]) => sum + Number(of), 0);
  // The rate is told with four digits behind the point, the time as well.
  if (!(Math.abs(known - count) <= 1 + count / 1_000))
    throw new Error(`hey sent ${count} requests and tells of ${known}: ${stdout}`);
  const told = outcomes.map(([, first, rest]) => `${first} ${rest}`).join(", ");
  return { count: known, perSecond, failed: known - ok, told };
}

/** hey says its own values of these fields beside those of "-H". */
function fieldFlags(name: string, value: string): readonly string[] {
  if (name === "Content-Type") return ["-T", value];
  if (name === "Accept") return ["-A", value];
  return ["-H", `${name}: ${value}`];
}

export function isHeyInstalled(): boolean {
  return spawnSync("hey").error === undefined;
}
