/** What a caller did, as the audit log takes it. Only what changed something is recorded: the registry sees to that. */
import type { AuditAction, AuditEvent } from "../audit.ts";
import type { Caller } from "../caller.ts";

export function trailOf(
  { teamId, userId, credential, sourceIp }: Caller,
  atMs: number,
  action: AuditAction,
  subjectId: string,
  details: AuditEvent["details"] = {},
): AuditEvent {
  const credentialId = credential.id;
  return { teamId, action, userId, credentialId, sourceIp, subjectId, details, atMs };
}
