/** Rows of the registry's tables, as the nouns they stand for. The schema is STRICT and checks words: the types are as said. */
import type { SQLOutputValue } from "node:sqlite";
import type { ApiKey, Scope } from "../../api-key.ts";
import type { AuditAction, AuditEntry } from "../../audit.ts";
import type { CaptureLevel, Server } from "../../server.ts";
import type { Session } from "../../session.ts";
import type { Invitation, Member, Role, Team } from "../../team.ts";
import type { User } from "../../user.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;

export function userOf(row: Row): User {
  return {
    id: String(row.id),
    email: String(row.email),
    createdAtMs: Number(row.created_at_ms),
  };
}

export function teamOf(row: Row): Team {
  return {
    id: String(row.id),
    name: String(row.name),
    plan: String(row.plan),
    createdAtMs: Number(row.created_at_ms),
  };
}

/** Of a membership and the address of its user. */
export function memberOf(row: Row): Member {
  return {
    userId: String(row.user_id),
    email: String(row.email),
    role: roleOf(row),
    createdAtMs: Number(row.created_at_ms),
  };
}

export function roleOf(row: Row): Role {
  return String(row.role) as Role;
}

export function invitationOf(row: Row): Invitation {
  return {
    id: String(row.id),
    teamId: String(row.team_id),
    email: String(row.email),
    role: roleOf(row),
    userId: String(row.user_id),
    secretDigest: String(row.secret_digest),
    createdAtMs: Number(row.created_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
  };
}

export function sessionOf(row: Row): Session {
  return {
    id: String(row.id),
    userId: String(row.user_id),
    teamId: String(row.team_id),
    kind: String(row.kind) as Session["kind"],
    sourceIp: String(row.source_ip),
    createdAtMs: Number(row.created_at_ms),
    lastUsedAtMs: Number(row.last_used_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
  };
}

export function keyOf(row: Row): ApiKey {
  const scopes = String(row.scopes);
  return {
    id: String(row.id),
    teamId: String(row.team_id),
    userId: String(row.user_id),
    name: String(row.name),
    scopes: scopes === "" ? [] : (scopes.split(" ") as Scope[]),
    secretDigest: String(row.secret_digest),
    lastFour: String(row.last_four),
    createdAtMs: Number(row.created_at_ms),
    ...(row.expires_at_ms !== null && { expiresAtMs: Number(row.expires_at_ms) }),
    ...(row.last_used_at_ms !== null && { lastUsedAtMs: Number(row.last_used_at_ms) }),
    ...(row.last_used_ip !== null && { lastUsedIp: String(row.last_used_ip) }),
  };
}

export function serverOf(row: Row): Server {
  return {
    id: String(row.id),
    userId: String(row.user_id),
    teamId: String(row.team_id),
    slug: String(row.slug),
    name: String(row.name),
    targetUrl: String(row.target_url),
    isActive: row.is_active === 1,
    captureLevel: String(row.capture_level) as CaptureLevel,
    ...(row.upstream_idle_timeout_ms !== null && {
      upstreamIdleTimeoutMs: Number(row.upstream_idle_timeout_ms),
    }),
    createdAtMs: Number(row.created_at_ms),
    updatedAtMs: Number(row.updated_at_ms),
  };
}

export function removedOf(row: Row): { readonly teamId: string; readonly id: string } {
  return { teamId: String(row.team_id), id: String(row.id) };
}

export function auditEntryOf(row: Row): AuditEntry {
  return {
    teamId: String(row.team_id),
    seq: Number(row.seq),
    action: String(row.action) as AuditAction,
    ...(row.user_id !== null && { userId: String(row.user_id) }),
    ...(row.credential_id !== null && { credentialId: String(row.credential_id) }),
    sourceIp: String(row.source_ip),
    subjectId: String(row.subject_id),
    details: JSON.parse(String(row.details)),
    atMs: Number(row.at_ms),
    hash: String(row.hash),
  };
}
