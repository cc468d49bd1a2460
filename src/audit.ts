/**
 * The audit log: who changed what in a team, and who came in. Append-only, one chain of hashes a team,
 * outlives what it speaks of.
 */

/** What happened; `subject` names what kind of thing its `subjectId` is. */
export const auditActions = [
  "user.registered",
  "user.signed_in",
  "user.sign_in_failed",
  "user.signed_out",
  "user.password_changed",
  "session.reuse_detected",
  "team.created",
  "team.renamed",
  "team.plan_changed",
  "member.joined",
  "member.role_changed",
  "member.removed",
  "invitation.created",
  "invitation.revoked",
  "key.created",
  "key.revoked",
  "key.used_from_new_address",
  "server.created",
  "server.changed",
  "server.rerouted",
  "server.capture_raised",
  "server.slug_rotated",
  "server.removed",
  "call.removed",
  "call.replayed",
  "calls.exported",
  "egress.refused",
] as const;

export type AuditAction = (typeof auditActions)[number];

export interface AuditEvent {
  readonly teamId: string;
  readonly action: AuditAction;
  /** Absent when nobody of the team did it. */
  readonly userId?: string;
  /** The API key or session it was done with. */
  readonly credentialId?: string;
  /** Empty when it did not come over a socket. */
  readonly sourceIp: string;
  /** What it was done to: the id of a server, key, user, …; empty when it is the team. */
  readonly subjectId: string;
  /** What a person needs to understand it later, when the subject is gone: names, old and new values. No secrets. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
  readonly atMs: number;
}

export interface AuditEntry extends AuditEvent {
  /** Counts up from 1 within the team, without gaps. */
  readonly seq: number;
  /** SHA-256 of the previous entry's hash and this entry, lower-case hex; see `store/audit-chain.ts`. */
  readonly hash: string;
}
