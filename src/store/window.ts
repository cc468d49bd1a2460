/** A half-open span of time: `sinceMs <= t < untilMs`, epoch milliseconds; an absent end is open. */

export interface Window {
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

export function isWithin(window: Window, atMs: number): boolean {
  return atMs >= (window.sinceMs ?? -Infinity) && atMs < (window.untilMs ?? Infinity);
}
