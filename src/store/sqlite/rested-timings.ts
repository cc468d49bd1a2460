/** The timings of a call as they rest in a block: whole hundredths of milliseconds, in an order that never changes. */
import type { CallTimings } from "../../call.ts";

/** blocked, dns, connect, tls, send, wait, receive, overhead. */
export type RestedTimings = readonly [
  blocked: number,
  dns: number | null,
  connect: number | null,
  tls: number | null,
  send: number | null,
  wait: number | null,
  receive: number | null,
  overhead: number,
];

export function toRested(timings: CallTimings): RestedTimings {
  return [
    Math.round(timings.blockedMs * 100),
    hundredths(timings.dnsMs),
    hundredths(timings.connectMs),
    hundredths(timings.tlsMs),
    hundredths(timings.sendMs),
    hundredths(timings.waitMs),
    hundredths(timings.receiveMs),
    Math.round(timings.overheadMs * 100),
  ];
}

export function fromRested(rested: RestedTimings): CallTimings {
  return {
    blockedMs: rested[0] / 100,
    dnsMs: milliseconds(rested[1]),
    connectMs: milliseconds(rested[2]),
    tlsMs: milliseconds(rested[3]),
    sendMs: milliseconds(rested[4]),
    waitMs: milliseconds(rested[5]),
    receiveMs: milliseconds(rested[6]),
    overheadMs: rested[7] / 100,
  };
}

function hundredths(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 100);
}

function milliseconds(hundredthsOfMs: number | null): number | null {
  return hundredthsOfMs === null ? null : hundredthsOfMs / 100;
}
