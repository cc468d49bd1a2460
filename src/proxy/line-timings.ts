/** How far a line has got, as it gets there; see `LineTimings`. */

export interface GrowingTimings {
  connectBeganAtMs: number | undefined;
  resolvedAtMs: number | undefined;
  connectedAtMs: number | undefined;
  securedAtMs: number | undefined;
  requestSentAtMs: number | undefined;
  firstByteAtMs: number | undefined;
}

export function untimed(): GrowingTimings {
  return {
    connectBeganAtMs: undefined,
    resolvedAtMs: undefined,
    connectedAtMs: undefined,
    securedAtMs: undefined,
    requestSentAtMs: undefined,
    firstByteAtMs: undefined,
  };
}
