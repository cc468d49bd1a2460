/** The phases of a call as spans of its own time, for the bars that show them. */
import type { WireCall } from "../../src/api/wire.ts";

export interface Phase {
  readonly name: string;
  /** After the call's start. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly className: string;
}

const measured = [
  ["blocked_ms", "Before the server", "bg-muted"],
  ["dns_ms", "Looking up its name", "bg-faint"],
  ["connect_ms", "Connecting", "bg-faint"],
  ["tls_ms", "TLS handshake", "bg-faint"],
  ["send_ms", "Sending the request", "bg-accent"],
  ["wait_ms", "Waiting for the answer", "bg-accent"],
  ["receive_ms", "Receiving it", "bg-success-mark"],
] as const;

type Timed = Pick<WireCall, "timings" | "ttfb_ms" | "duration_ms">;

/** Those that were entered, in order; of a call that was not measured, what its first byte tells. */
export function phasesOf({ timings, ttfb_ms, duration_ms }: Timed): readonly Phase[] {
  if (!timings) {
    const firstMs = Math.min(ttfb_ms ?? duration_ms, duration_ms);
    const until = { name: "Until the answer", className: "bg-accent", fromMs: 0, toMs: firstMs };
    const after = { name: "Receiving it", className: "bg-success-mark" };
    return ttfb_ms === null ? [until] : [until, { ...after, fromMs: firstMs, toMs: duration_ms }];
  }
  let fromMs = 0;
  return measured.flatMap(([field, name, className]) => {
    const ms = timings[field];
    if (ms === null) return [];
    const phase = { name, className, fromMs, toMs: fromMs + ms };
    fromMs += ms;
    return [phase];
  });
}
