/** What the actions of the audit log mean, and kinds of them to choose from. */
import type { WireAuditEntry } from "../../src/api/wire-audit.ts";

type Action = WireAuditEntry["action"];

const texts: Record<Action, string> = {
  "user.registered": "Account created",
  "user.signed_in": "Signed in",
  "user.sign_in_failed": "Failed to sign in",
  "user.signed_out": "Signed out",
  "user.password_changed": "Password changed",
  "session.reuse_detected": "A session's secret was used twice; the session was ended",
  "team.created": "Team created",
  "team.renamed": "Team renamed",
  "team.plan_changed": "Plan changed",
  "member.joined": "Member joined",
  "member.role_changed": "Role changed",
  "member.removed": "Member removed",
  "invitation.created": "Invitation made",
  "invitation.revoked": "Invitation revoked",
  "key.created": "API key made",
  "key.revoked": "API key revoked",
  "key.used_from_new_address": "API key used from a new address",
  "server.created": "Server added",
  "server.changed": "Server changed",
  "server.rerouted": "Server forwards elsewhere",
  "server.capture_raised": "More of a server is recorded",
  "server.slug_rotated": "Server has a new proxy URL",
  "server.removed": "Server deleted",
  "call.removed": "Call deleted",
  "call.replayed": "Call sent again",
  "calls.exported": "Calls exported",
  "egress.refused": "Connection to an upstream refused",
};

/** A host that is newer than this page may know more actions. */
export function auditText(action: Action): string {
  return texts[action] ?? action;
}

export const auditKinds = {
  all: { label: "Everything", actions: undefined },
  people: {
    label: "People",
    actions: startingWith("user.", "session.", "member.", "invitation.", "team."),
  },
  keys: { label: "API keys", actions: startingWith("key.") },
  servers: { label: "Servers", actions: startingWith("server.", "egress.") },
  calls: { label: "Calls", actions: startingWith("call") },
} satisfies Record<string, { label: string; actions: readonly string[] | undefined }>;

export type AuditKind = keyof typeof auditKinds;

function startingWith(...beginnings: readonly string[]): readonly string[] {
  return Object.keys(texts).filter((action) => beginnings.some((each) => action.startsWith(each)));
}
