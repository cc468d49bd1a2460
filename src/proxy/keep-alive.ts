/** For how long a connection may be used again after an answer. */
import { keepAliveDefaultMs, keepAliveMarginMs, keepAliveMaxMs } from "./limits.ts";

/** Of what the answer says, less the margin; 0 when that leaves nothing. */
export function idleMsAfter(rawHeaders: readonly string[]): number {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length !== 10 || name.toLowerCase() !== "keep-alive") continue;
    const [, seconds] = /timeout=(\d{1,9})/i.exec(rawHeaders[at + 1] ?? "") ?? [];
    if (seconds === undefined) continue;
    return Math.max(0, Math.min(Number(seconds) * 1_000 - keepAliveMarginMs, keepAliveMaxMs));
  }
  return keepAliveDefaultMs;
}
