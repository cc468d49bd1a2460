/**
 * `hey` (Debian: `hey`), the client by which security.md demands throughput: a fixed number of connections, each of which
 * sends its next request when its last was answered.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface HeyResult {
  readonly perSecond: number;
  /** Answers of each status; "error" for requests without an answer. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Posts the file for so long. @throws what starting it throws; with `code` "ENOENT" where it is not installed. */
export async function hey(
  url: string,
  {
    connections,
    seconds,
    bodyFile,
  }: { readonly connections: number; readonly seconds: number; readonly bodyFile: string },
): Promise<HeyResult> {
  const load = ["-z", `${seconds}s`, "-c", `${connections}`];
  const request = ["-m", "POST", "-T", "application/json", "-D", bodyFile];
  const { stdout } = await promisify(execFile)("hey", [...load, ...request, url]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  if (!(perSecond > 0)) throw new Error(`hey says no rate: ${stdout}`);
  const [answered = "", failed = ""] = stdout.split("Error distribution:");
  const outcomes: Record<string, number> = {};
  for (const [, status = "", count] of answered.matchAll(/^\s+\[(\d{3})\]\s+(\d+) responses$/gm))
    outcomes[status] = Number(count);
  for (const [, count] of failed.matchAll(/^\s+\[(\d+)\]/gm))
    outcomes.error = (outcomes.error ?? 0) + Number(count);
  return { perSecond, outcomes };
}

export async function isHeyInstalled(): Promise<boolean> {
  try {
    await promisify(execFile)("hey", []);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== "ENOENT";
  }
  return true;
}
