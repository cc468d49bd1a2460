/**
 * The phases of one call, of the times of the exchange that its request travelled on.
 *
 * In: moments of the writer's monotonic clock. Out: spans, to a hundredth of a millisecond, that add up to the call's.
 * A moment after the call's end begins nothing: what a call that was taken back did not live to see is null. One
 * that lies before the moment it should follow begins with that.
 */
import type { CallTimings } from "../call.ts";
import type { UpstreamTimes } from "../exchange.ts";

/** `requestEndMs`: when the last of the request had come; undefined when it had not. */
interface Coming {
  readonly openedMs: number;
  readonly requestEndMs: number | undefined;
}

export function toTimings(
  { openedMs, requestEndMs = 0 }: Coming,
  times: UpstreamTimes,
  endedMs: number,
): CallTimings {
  const { resolvingMs, connectingMs, securingMs, sendingMs, receivingMs } = times;
  // An upload that comes in pieces is sent in pieces, until the last has come.
  const waitingMs = times.waitingMs && Math.max(times.waitingMs, requestEndMs);
  const durationMs = Math.max(0, endedMs - openedMs);
  // From the last phase to the first: each ends where the next that was entered begins.
  let until = hundredths(durationMs);
  const spanFrom = (ms: number | undefined) => {
    if (ms === undefined || ms - openedMs > durationMs) return null;
    const from = Math.min(hundredths(Math.max(0, ms - openedMs)), until);
    const span = (until - from) / 100;
    until = from;
    return span;
  };
  const receiveMs = spanFrom(receivingMs);
  const waitMs = spanFrom(waitingMs);
  const sendMs = spanFrom(sendingMs);
  const tlsMs = spanFrom(securingMs);
  const connectMs = spanFrom(connectingMs);
  const dnsMs = spanFrom(resolvingMs);
  const overheadMs = hundredths(Math.min(Math.max(0, times.overheadMs), durationMs)) / 100;
  const phases = { dnsMs, connectMs, tlsMs, sendMs, waitMs, receiveMs };
  return { blockedMs: until / 100, ...phases, overheadMs };
}

function hundredths(ms: number): number {
  return Math.round(ms * 100);
}
