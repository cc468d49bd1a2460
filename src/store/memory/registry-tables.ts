/** What the registry in memory holds, and what its sections ask of it in common. */
import type { ApiKey } from "../../api-key.ts";
import type { AuditEntry, AuditEvent } from "../../audit.ts";
import type { Server } from "../../server.ts";
import type { Session } from "../../session.ts";
import type { Invitation, Role, Team } from "../../team.ts";
import type { User } from "../../user.ts";
import { chainHash, chainStart } from "../audit-chain.ts";
import { noSuch } from "../refusals.ts";

export interface Membership {
  readonly teamId: string;
  readonly userId: string;
  readonly role: Role;
  readonly createdAtMs: number;
}

export interface SessionSecret {
  readonly sessionId: string;
  readonly isPresent: boolean;
}

/** Maps are by id, or by secret digest where that is all there is. */
export class RegistryTables {
  founding: { readonly userId: string; readonly teamId: string } | undefined;
  readonly users = new Map<string, User>();
  readonly passwordHashes = new Map<string, string>();
  /** Users' ids by issuer and subject, as `pair` joins them. */
  readonly identities = new Map<string, string>();
  readonly teams = new Map<string, Team>();
  /** By team and user, as `pair` joins them. */
  readonly memberships = new Map<string, Membership>();
  readonly invitations = new Map<string, Invitation>();
  readonly sessions = new Map<string, Session>();
  readonly sessionSecrets = new Map<string, SessionSecret>();
  readonly signInLinks = new Map<
    string,
    { readonly userId: string; readonly expiresAtMs: number }
  >();
  readonly keys = new Map<string, ApiKey>();
  readonly servers = new Map<string, Server>();
  readonly spentSlugs = new Set<string>();
  readonly removedServers = new Map<string, { readonly teamId: string; readonly id: string }>();
  /** By month, then team. */
  readonly usage = new Map<string, Map<string, number>>();
  /** By team, oldest first. */
  readonly audit = new Map<string, AuditEntry[]>();

  /** @throws Problem `resource_not_found` — there is no such user. */
  demandUser(id: string): void {
    if (!this.users.has(id)) throw noSuch("user");
  }

  /** @throws Problem `resource_not_found` — there is no such team. */
  demandTeam(id: string): void {
    if (!this.teams.has(id)) throw noSuch("team");
  }

  appendAudit(event: AuditEvent): void {
    const entries = this.audit.get(event.teamId) ?? [];
    this.audit.set(event.teamId, entries);
    const last = entries.at(-1);
    const seq = (last?.seq ?? 0) + 1;
    entries.push({ ...event, seq, hash: chainHash(last?.hash ?? chainStart, event, seq) });
  }

  endSession(id: string): boolean {
    for (const [digest, { sessionId }] of this.sessionSecrets)
      if (sessionId === id) this.sessionSecrets.delete(digest);
    return this.sessions.delete(id);
  }
}

/** One key of two texts. */
export function pair(one: string, other: string): string {
  return JSON.stringify([one, other]);
}

export function oldestFirst<Row extends { readonly createdAtMs: number }>(
  rows: Iterable<Row>,
  idOf: (row: Row) => string,
): Row[] {
  return [...rows].sort((a, b) => a.createdAtMs - b.createdAtMs || (idOf(a) < idOf(b) ? -1 : 1));
}

export function newestFirst<Row extends { readonly id: string; readonly createdAtMs: number }>(
  rows: Iterable<Row>,
): Row[] {
  return oldestFirst(rows, ({ id }) => id).reverse();
}
