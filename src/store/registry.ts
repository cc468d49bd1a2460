/**
 * The registry: who may do what, and which servers exist. Small, transactional, durable before
 * it answers. Each MUST is a test in `test/store/registry.contract.ts`.
 *
 * Access by team takes the team first; foreign is the same as absent.
 */
import type { Server, ServerChanges } from "../server.ts";
import type { ApiKey, Team, User } from "../team.ts";

export interface Registry extends AsyncDisposable {
  /**
   * The installation's first user and team; made from `owner` when there is none yet.
   * MUST be idempotent: later calls return what the first one made and ignore their argument.
   */
  bootstrap(owner: Founding): Promise<Founding & { readonly created: boolean }>;

  /**
   * @throws Problem `resource_exists` — a key with that id or secret is there already.
   * @throws Problem `resource_not_found` — there is no such team or user.
   */
  addKey(key: ApiKey): Promise<void>;
  /** By the digest of the whole key text. Not by team: this is how a team is found. */
  findKey(secretDigest: string): Promise<ApiKey | undefined>;
  /** Newest first. */
  keys(teamId: string): Promise<readonly ApiKey[]>;
  removeKey(teamId: string, id: string): Promise<boolean>;

  /**
   * MUST be atomic with the limit: parallel calls never exceed it.
   *
   * @throws Problem `plan_limit_reached` — the team has `limit` servers already (0: no limit).
   * @throws Problem `resource_exists` — the id is taken, or the slug was used before, by a deleted server too.
   * @throws Problem `resource_not_found` — there is no such team or user.
   */
  addServer(server: Server, limit: number): Promise<void>;
  /** Newest first: by `createdAtMs`, then `id`, both descending. */
  servers(teamId: string): Promise<readonly Server[]>;
  findServer(teamId: string, id: string): Promise<Server | undefined>;
  /** Applies the changes and sets `updatedAtMs` to `atMs`, or to one more than it was if that is not later. */
  changeServer(
    teamId: string,
    id: string,
    changes: ServerChanges,
    atMs: number,
  ): Promise<Server | undefined>;
  /**
   * The server is gone from every answer and its slug stays spent. Its calls are the call log's
   * matter: until `forgetServer` says that they are gone, `removedServers` lists it.
   */
  removeServer(teamId: string, id: string): Promise<boolean>;
  /** Servers removed here whose calls may still be in the call log. */
  removedServers(): Promise<readonly { readonly teamId: string; readonly id: string }[]>;
  forgetServer(teamId: string, id: string): Promise<void>;

  /**
   * Tells every server there is, then every change after it is committed and before the call that made it
   * resolves, until disposed. A listener MUST NOT throw. Changes made by other hosts arrive within 2 s.
   */
  watchServers(listener: (change: ServerChange) => void): Promise<Disposable>;

  /** A random secret of this installation by name, made at the first call and the same ever after; 32 bytes. */
  secret(name: string): Promise<Uint8Array>;
}

export interface Founding {
  readonly user: User;
  readonly team: Team;
}

export type ServerChange =
  | { readonly kind: "present"; readonly server: Server }
  | { readonly kind: "removed"; readonly server: Server };
