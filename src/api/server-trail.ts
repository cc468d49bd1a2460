/**
 * What a change of a server is to the audit log: which of its fields, from what to what.
 *
 * Three things stand out, because they decide who gets the traffic and how much of it is kept: a target that
 * moves, since agents send it their credentials; a capture level that keeps more than before; a new slug. Of
 * URLs only hosts are told: paths and queries may hold secrets.
 */
import type { AuditAction, AuditEvent } from "../audit.ts";
import type { Caller } from "../caller.ts";
import { captureLevels, type Server, type ServerChanges } from "../server.ts";
import { trailOf } from "./trail.ts";

export function serverTrail(
  caller: Caller,
  before: Server,
  changes: ServerChanges,
  atMs: number,
): readonly AuditEvent[] {
  const details = plainly(before, changes);
  const { targetUrl = before.targetUrl, captureLevel = before.captureLevel, slug } = changes;
  const is = (action: AuditAction, more: AuditEvent["details"]) =>
    trailOf(caller, atMs, action, before.id, { server: changes.name ?? before.name, ...more });
  const rank = captureLevels.indexOf(captureLevel) - captureLevels.indexOf(before.captureLevel);
  const levels = { old_capture_level: before.captureLevel, new_capture_level: captureLevel };
  const changed = rank < 0 ? { ...details, ...levels } : details;
  const hosts = { old_host: hostOf(before.targetUrl), new_host: hostOf(targetUrl) };
  return [
    ...(Object.keys(changed).length > 0 ? [is("server.changed", changed)] : []),
    ...(targetUrl === before.targetUrl ? [] : [is("server.rerouted", hosts)]),
    ...(rank > 0 ? [is("server.capture_raised", levels)] : []),
    ...(slug === undefined ? [] : [is("server.slug_rotated", {})]),
  ];
}

export function hostOf(targetUrl: string): string {
  return new URL(targetUrl).host;
}

function plainly(before: Server, changes: ServerChanges): AuditEvent["details"] {
  const { name = before.name, isActive = before.isActive } = changes;
  const oldTimeoutMs = before.upstreamIdleTimeoutMs ?? null;
  const { upstreamIdleTimeoutMs: newTimeoutMs = oldTimeoutMs } = changes;
  return {
    ...(name !== before.name && { old_name: before.name, new_name: name }),
    ...(isActive !== before.isActive && { is_active: isActive }),
    ...(newTimeoutMs !== oldTimeoutMs && {
      old_upstream_idle_timeout_ms: oldTimeoutMs,
      new_upstream_idle_timeout_ms: newTimeoutMs,
    }),
  };
}
