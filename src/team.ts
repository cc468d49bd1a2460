/** Who owns what: users work in teams, each in a role; servers, keys, calls and the audit log belong to one team. */
import { parseName } from "./name.ts";

export const teamNameMaxLength = 100;

export interface Team {
  readonly id: string;
  /** 1 to 100 characters, printable, without surrounding white space. */
  readonly name: string;
  /** The name of a plan of this installation; one that is no longer there counts as the default plan. */
  readonly plan: string;
  readonly createdAtMs: number;
}

/** From the least to the most that is allowed; each may do what those before it may. */
export const roles = ["viewer", "member", "admin", "owner"] as const;

export type Role = (typeof roles)[number];

/** A user in a team. A team has at least one owner. */
export interface Member {
  readonly userId: string;
  readonly email: string;
  readonly role: Role;
  /** When the user joined. */
  readonly createdAtMs: number;
}

/** Lets the user of one address join a team, once. Its secret is known only by digest. */
export interface Invitation {
  readonly id: string;
  readonly teamId: string;
  /** As `parseEmail` gives it. */
  readonly email: string;
  readonly role: Role;
  /** Who invited. */
  readonly userId: string;
  /** SHA-256 of the invitation's token, lower-case hex. */
  readonly secretDigest: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** True if `role` may do whatever `least` may. */
export function reaches(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

/** True if a member of the role `own` may invite others to become `as`. Undefined: of who is no member. */
export function mayInvite(own: Role | undefined, as: Role): boolean {
  return own !== undefined && reaches(own, "admin") && reaches(own, as);
}

/** @throws Problem `validation_error` — as `parseName`. */
export function parseTeamName(text: string): string {
  return parseName(text, teamNameMaxLength);
}
