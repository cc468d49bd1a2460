/** What the registry's promises are tried on: users, teams, sessions and events, the same for the same label. */
import { createHash } from "node:crypto";
import type { AuditAction, AuditEvent } from "../../../src/audit.ts";
import type { Session } from "../../../src/session.ts";
import type { Founding, Registry } from "../../../src/store/registry.ts";
import type { Invitation, Role, Team } from "../../../src/team.ts";
import type { User } from "../../../src/user.ts";
import { id, startMs, teamId, userId } from "../builders.ts";

export type OpenRegistry = () => Promise<Registry>;

export const dayMs = 86_400_000;

export const founding: Founding = {
  user: { id: userId, email: "owner@example.com", createdAtMs: startMs },
  team: { id: teamId, name: "Owners", plan: "default", createdAtMs: startMs },
};

/** An empty registry, but for `founding`. */
export async function openFounded(open: OpenRegistry): Promise<Registry> {
  const registry = await open();
  await registry.bootstrap(founding);
  return registry;
}

export function user(label: string, changes: Partial<User> = {}): User {
  return {
    id: id(`user ${label}`),
    email: `${label}@example.com`,
    createdAtMs: startMs,
    ...changes,
  };
}

export function team(label: string, changes: Partial<Team> = {}): Team {
  return {
    id: id(`team ${label}`),
    name: label,
    plan: "default",
    createdAtMs: startMs,
    ...changes,
  };
}

export function foundingOf(label: string): Founding {
  return { user: user(label), team: team(label) };
}

export function digest(label: string): string {
  return createHash("sha256").update(label).digest("hex");
}

export function session(label: string, changes: Partial<Session> = {}): Session {
  return {
    id: id(`session ${label}`),
    userId,
    teamId,
    kind: "token",
    sourceIp: "192.0.2.1",
    createdAtMs: startMs,
    lastUsedAtMs: startMs,
    expiresAtMs: startMs + 7 * dayMs,
    ...changes,
  };
}

export function invitation(label: string, changes: Partial<Invitation> = {}): Invitation {
  return {
    id: id(`invitation ${label}`),
    teamId,
    email: `${label}@example.com`,
    role: "member",
    userId,
    secretDigest: digest(`invitation ${label}`),
    createdAtMs: startMs,
    expiresAtMs: startMs + dayMs,
    ...changes,
  };
}

export function event(action: AuditAction, changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    teamId,
    action,
    userId,
    credentialId: id("credential"),
    sourceIp: "192.0.2.1",
    subjectId: id("subject"),
    details: { what: action },
    atMs: startMs,
    ...changes,
  };
}

/** A new user, with a team of the user's own. */
export async function addUser(registry: Registry, label: string): Promise<User> {
  const made = foundingOf(label);
  const trail = event("user.registered", { teamId: made.team.id });
  await registry.addUser(made, undefined, trail);
  return made.user;
}

/** A new user who joins a team: that of `founding` unless told. */
export async function addMember(
  registry: Registry,
  label: string,
  role: Role,
  joined: Partial<Invitation> & { readonly atMs?: number } = {},
): Promise<User> {
  const { atMs = startMs, ...changes } = joined;
  const joining = await addUser(registry, label);
  const invited = invitation(label, { email: joining.email, role, ...changes });
  await registry.addInvitation(invited, event("invitation.created", { teamId: invited.teamId }));
  const { teamId: _, ...trail } = event("member.joined", { atMs });
  if (!(await registry.acceptInvitation(invited.secretDigest, joining, trail)))
    throw new Error(`${label} did not join`);
  return joining;
}

/** What a team's audit log says, oldest first. */
export async function trailOf(registry: Registry, whose = teamId): Promise<readonly AuditAction[]> {
  const entries = await registry.audit(whose, { limit: 1_000, actions: [] });
  return entries.map(({ action }) => action).reverse();
}
