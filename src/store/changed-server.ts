/** A server after a change, the same in every driver. */
import type { Server, ServerChanges } from "../server.ts";

export function changedServer(before: Server, changes: ServerChanges, atMs: number): Server {
  const { upstreamIdleTimeoutMs: timeoutMs, ...others } = changes;
  const { upstreamIdleTimeoutMs: keptMs, ...kept } = before;
  const nextMs = timeoutMs === undefined ? keptMs : (timeoutMs ?? undefined);
  return {
    ...kept,
    ...others,
    ...(nextMs !== undefined && { upstreamIdleTimeoutMs: nextMs }),
    updatedAtMs: Math.max(atMs, before.updatedAtMs + 1),
  };
}
