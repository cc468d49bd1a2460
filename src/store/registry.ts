/**
 * The registry: who may do what, and which servers exist. Small, transactional, durable before
 * it answers. Each MUST is a test in `test/store/registry.contract.ts`.
 *
 * Access by team takes the team first; foreign is the same as absent. Each method is one transaction. A
 * method that takes an `AuditEvent` MUST append it in the same transaction, and only if it changed something.
 * What expires at a time is over at that time, not after it.
 */
import type { ApiKey } from "../api-key.ts";
import type { AuditEvent } from "../audit.ts";
import type { Server, ServerChanges } from "../server.ts";
import type { Session } from "../session.ts";
import type { Invitation, Member, Role, Team } from "../team.ts";
import type { User } from "../user.ts";
import type { AuditLog } from "./audit-log.ts";

export interface Registry
  extends Accounts,
    Teams,
    Members,
    Invitations,
    Sessions,
    SignInLinks,
    Keys,
    Servers,
    Usage,
    AuditLog,
    AsyncDisposable {
  /** A random secret of this installation by name, made at the first call and the same ever after; 32 bytes. */
  secret(name: string): Promise<Uint8Array>;
}

export interface Accounts {
  /**
   * The installation's first user and team; made from `owner`, whose team the user owns, when there is none yet.
   * MUST be idempotent: later calls return what the first one made, as it is by then, and ignore their argument.
   *
   * @throws Problem `resource_exists` — the address or an id is taken.
   */
  bootstrap(owner: Founding): Promise<Founding & { readonly created: boolean }>;
  /**
   * A user and a team of the user's own, as its owner. Without a hash there is no password to sign in with.
   *
   * @throws Problem `resource_exists` — the address or an id is taken.
   */
  addUser(founding: Founding, passwordHash: string | undefined, trail: AuditEvent): Promise<void>;
  findUser(id: string): Promise<User | undefined>;
  /** By the address as `parseEmail` gives it. */
  findUserByEmail(email: string): Promise<User | undefined>;
  /** As a PHC string; undefined for a user without a password, or an unknown one. */
  passwordHash(userId: string): Promise<string | undefined>;
  /**
   * MUST end every session and sign-in link of the user but `keptSessionId`, at the same moment. `from`: the hash that there
   * was when this was decided. False, and nothing MUST change: it is another by then, or there is no such user.
   */
  setPasswordHash(
    userId: string,
    from: string | undefined,
    hash: string,
    keptSessionId: string | undefined,
    trail: AuditEvent,
  ): Promise<boolean>;
  /** The same password hashed anew: changes nothing else, and nothing at all if the present hash is not `from`. */
  upgradePasswordHash(userId: string, from: string, to: string): Promise<void>;
  /** The user a provider's subject signs in as. */
  findIdentity(issuer: string, subject: string): Promise<User | undefined>;
  /** True if any subject of the provider signs in as the user. */
  hasIdentity(issuer: string, userId: string): Promise<boolean>;
  /**
   * @throws Problem `resource_exists` — the subject belongs to a user already.
   * @throws Problem `resource_not_found` — there is no such user.
   */
  addIdentity(issuer: string, subject: string, userId: string): Promise<void>;
}

export interface Teams {
  /**
   * The user becomes its owner, at the team's `createdAtMs`. MUST be atomic with the limit: parallel calls never exceed it.
   *
   * @throws Problem `resource_not_found` — there is no such user.
   * @throws Problem `resource_exists` — the id is taken.
   * @throws Problem `plan_limit_reached` — the user is in `limit` teams already (absent: no limit).
   */
  addTeam(team: Team, ownerId: string, trail: AuditEvent, limit?: number): Promise<void>;
  findTeam(id: string): Promise<Team | undefined>;
  /** Every team of the installation, oldest first. */
  teams(): Promise<readonly Team[]>;
  /** Oldest membership first. */
  teamsOf(userId: string): Promise<readonly { readonly team: Team; readonly role: Role }[]>;
  changeTeam(
    id: string,
    changes: { readonly name?: string; readonly plan?: string },
    trail: AuditEvent,
  ): Promise<Team | undefined>;
}

export interface Members {
  roleOf(teamId: string, userId: string): Promise<Role | undefined>;
  /** Oldest first. */
  members(teamId: string): Promise<readonly Member[]>;
  /**
   * The member's invitations to this team that the new role does not allow (`mayInvite`) MUST be gone at the same moment, each
   * with an `invitation.revoked` after the trail. `decidedBy`: if any of them has another role by then, nothing MUST change.
   *
   * @throws Problem `forbidden` — the team would be left without an owner, or roles it was decided by have changed.
   */
  setRole(
    teamId: string,
    userId: string,
    role: Role,
    trail: AuditEvent,
    decidedBy?: readonly Standing[],
  ): Promise<Member | undefined>;
  /**
   * The user's API keys of this team and invitations to it MUST be gone with the membership; `decidedBy` and the rest as `setRole`.
   *
   * @throws Problem `forbidden` — as `setRole`.
   */
  removeMember(
    teamId: string,
    userId: string,
    trail: AuditEvent,
    decidedBy?: readonly Standing[],
  ): Promise<boolean>;
}

/** A role that was looked at before a change was decided on: a member's who is changed, or who changes. */
export interface Standing {
  readonly userId: string;
  readonly role: Role;
}

export interface Invitations {
  /**
   * An earlier invitation of the same address to the same team MUST be replaced. MUST be atomic with the limit, for which
   * those count, too, that have expired.
   *
   * @throws Problem `forbidden` — the role of who invites, at this moment, does not allow it (`mayInvite`).
   * @throws Problem `resource_exists` — a user with this address is a member already, or the id or secret is taken.
   * @throws Problem `resource_not_found` — there is no such team or user.
   * @throws Problem `plan_limit_reached` — the team has `limit` others already (absent: no limit).
   */
  addInvitation(invitation: Invitation, trail: AuditEvent, limit?: number): Promise<void>;
  /** Newest first; those that have expired too. */
  invitations(teamId: string): Promise<readonly Invitation[]>;
  removeInvitation(teamId: string, id: string, trail: AuditEvent): Promise<boolean>;
  /** By digest, not by team: this is how an invitation is found. */
  findInvitation(secretDigest: string): Promise<Invitation | undefined>;
  /**
   * Makes the user a member and spends the invitation, once of two at once. Undefined: it is unknown, spent, expired at the
   * trail's `atMs`, or meant for another address. No member can be invited, so nobody's role changes by it.
   */
  acceptInvitation(
    secretDigest: string,
    user: User,
    trail: Omit<AuditEvent, "teamId">,
  ): Promise<Team | undefined>;
}

/** Once a minute for a week: bounds the replaced secrets that are remembered. */
export const sessionSecretsMax = 10_000;

export interface Sessions {
  /**
   * `secretDigest`: SHA-256 of the refresh token or cookie, lower-case hex.
   *
   * @throws Problem `resource_exists` — the id or the secret is taken; a replaced secret is taken, too.
   * @throws Problem `resource_not_found` — there is no such team or user.
   */
  addSession(session: Session, secretDigest: string): Promise<void>;
  findSession(id: string): Promise<Session | undefined>;
  /** By its present secret only. */
  findSessionBySecret(secretDigest: string): Promise<Session | undefined>;
  /**
   * The new secret takes the place of the old one, and `lastUsedAtMs` becomes `atMs`. `reused`: the secret was replaced before;
   * whoever presents it has a copy, so the session MUST be over. Of two at once exactly one succeeds. Undefined: the secret
   * is unknown, or its session over, at `atMs` or with the last of `sessionSecretsMax` secrets at the latest.
   *
   * @throws Problem `resource_exists` — the new secret is taken.
   */
  rotateSession(
    secretDigest: string,
    newSecretDigest: string,
    atMs: number,
  ): Promise<{ readonly kind: "rotated" | "reused"; readonly session: Session } | undefined>;
  /** @throws Problem `resource_not_found` — there is no such team. */
  changeSession(
    id: string,
    changes: { readonly teamId?: string; readonly lastUsedAtMs?: number },
  ): Promise<Session | undefined>;
  /** Those of one user, newest first. */
  sessions(userId: string): Promise<readonly Session[]>;
  endSession(id: string): Promise<boolean>;
  /** Removes sessions and sign-in links that expired before `beforeMs`; how many. */
  pruneSessions(beforeMs: number): Promise<number>;
}

export interface SignInLinks {
  /**
   * A link that signs its user in, once.
   *
   * @throws Problem `resource_exists` — the secret is taken.
   * @throws Problem `resource_not_found` — there is no such user.
   */
  addSignInLink(secretDigest: string, userId: string, expiresAtMs: number): Promise<void>;
  /** Undefined: unknown, spent, or expired at `atMs`. Of two at once exactly one succeeds. */
  spendSignInLink(secretDigest: string, atMs: number): Promise<User | undefined>;
}

export interface Keys {
  /**
   * MUST be atomic with the limit: parallel calls never exceed it. Keys that are over at `createdAtMs` do not count.
   *
   * @throws Problem `plan_limit_reached` — the team has `limit` keys already (0: no limit).
   * @throws Problem `resource_exists` — a key with that id or secret is there already.
   * @throws Problem `resource_not_found` — there is no such team or user.
   */
  addKey(key: ApiKey, limit: number, trail?: AuditEvent): Promise<void>;
  /** By the digest of the whole key text. Not by team: this is how a team is found. Expired ones too. */
  findKey(secretDigest: string): Promise<ApiKey | undefined>;
  /** Newest first. */
  keys(teamId: string): Promise<readonly ApiKey[]>;
  removeKey(teamId: string, id: string, trail?: AuditEvent): Promise<boolean>;
  /** Remembers a use. MUST append `trail` only if the last use was from another address, or there was none. */
  noteKeyUse(id: string, atMs: number, ip: string, trail?: AuditEvent): Promise<void>;
}

export interface Servers {
  /**
   * MUST be atomic with the limit: parallel calls never exceed it.
   *
   * @throws Problem `plan_limit_reached` — the team has `limit` servers already (0: no limit).
   * @throws Problem `resource_exists` — the id is taken, or the slug was used before, by a deleted server too.
   * @throws Problem `resource_not_found` — there is no such team or user.
   */
  addServer(server: Server, limit: number, trail?: AuditEvent): Promise<void>;
  /** Newest first: by `createdAtMs`, then `id`, both descending. */
  servers(teamId: string): Promise<readonly Server[]>;
  findServer(teamId: string, id: string): Promise<Server | undefined>;
  /**
   * Applies the changes and sets `updatedAtMs` to `atMs`, or to one more than it was if that is not later, which is a change
   * by itself.
   *
   * @throws Problem `resource_exists` — the new slug was used before.
   */
  changeServer(
    teamId: string,
    id: string,
    changes: ServerChanges,
    atMs: number,
    trail?: readonly AuditEvent[],
  ): Promise<Server | undefined>;
  /**
   * The server is gone from every answer and its slug stays spent. Its calls are the call log's
   * matter: until `forgetServer` says that they are gone, `removedServers` lists it.
   */
  removeServer(teamId: string, id: string, trail?: AuditEvent): Promise<boolean>;
  /** Servers removed here whose calls may still be in the call log. */
  removedServers(): Promise<readonly { readonly teamId: string; readonly id: string }[]>;
  forgetServer(teamId: string, id: string): Promise<void>;

  /**
   * Tells every server there is, then every change after it is committed and before the call that made it
   * resolves, until disposed. A listener MUST NOT throw. Changes made by other hosts arrive within 2 s. A server with another
   * slug is `present` with that one: who finds servers by slug forgets the one it had.
   */
  watchServers(listener: (change: ServerChange) => void): Promise<Disposable>;
}

export interface Usage {
  /** Adds to what teams have used in a month (`2026-11`, UTC). */
  addUsage(
    month: string,
    used: readonly { readonly teamId: string; readonly calls: number }[],
  ): Promise<void>;
  /** By team; teams that used nothing are absent. */
  usage(month: string): Promise<ReadonlyMap<string, number>>;
}

export interface Founding {
  readonly user: User;
  readonly team: Team;
}

export type ServerChange =
  | { readonly kind: "present"; readonly server: Server }
  | { readonly kind: "removed"; readonly server: Server };
