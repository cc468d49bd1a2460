/** The registry in memory: the contract in its shortest form, for tests. Nothing survives the process. */
import { randomBytes } from "node:crypto";
import { Problem } from "../../problem.ts";
import type { Server, ServerChanges } from "../../server.ts";
import type { ApiKey, Team, User } from "../../team.ts";
import type { Founding, Registry, ServerChange } from "../registry.ts";

export class MemoryRegistry implements Registry {
  #founding: Founding | undefined;
  readonly #users = new Map<string, User>();
  readonly #teams = new Map<string, Team>();
  readonly #keys = new Map<string, ApiKey>();
  readonly #servers = new Map<string, Server>();
  readonly #spentSlugs = new Set<string>();
  readonly #removed = new Map<string, { readonly teamId: string; readonly id: string }>();
  readonly #listeners = new Set<(change: ServerChange) => void>();
  readonly #secrets = new Map<string, Uint8Array>();

  async bootstrap(owner: Founding): Promise<Founding & { readonly created: boolean }> {
    const created = this.#founding === undefined;
    this.#founding ??= { user: owner.user, team: owner.team };
    this.#users.set(this.#founding.user.id, this.#founding.user);
    this.#teams.set(this.#founding.team.id, this.#founding.team);
    return { ...this.#founding, created };
  }

  async addKey(key: ApiKey): Promise<void> {
    this.#demand(key);
    if (this.#keys.has(key.id) || (await this.findKey(key.secretDigest))) {
      throw new Problem("resource_exists", "an API key with this id or secret exists already");
    }
    this.#keys.set(key.id, key);
  }

  async findKey(secretDigest: string): Promise<ApiKey | undefined> {
    return [...this.#keys.values()].find((key) => key.secretDigest === secretDigest);
  }

  async keys(teamId: string): Promise<readonly ApiKey[]> {
    return ofTeam(this.#keys, teamId);
  }

  async removeKey(teamId: string, id: string): Promise<boolean> {
    return this.#keys.get(id)?.teamId === teamId && this.#keys.delete(id);
  }

  async addServer(server: Server, limit: number): Promise<void> {
    this.#demand(server);
    if (this.#servers.has(server.id) || this.#removed.has(server.id)) {
      throw new Problem("resource_exists", "a server with this id exists already");
    }
    if (this.#spentSlugs.has(server.slug)) {
      throw new Problem("resource_exists", "this slug was used before");
    }
    if (limit > 0 && ofTeam(this.#servers, server.teamId).length >= limit) {
      throw new Problem("plan_limit_reached", `the plan has room for ${limit} servers`);
    }
    this.#spentSlugs.add(server.slug);
    this.#servers.set(server.id, server);
    this.#tell({ kind: "present", server });
  }

  async servers(teamId: string): Promise<readonly Server[]> {
    return ofTeam(this.#servers, teamId);
  }

  async findServer(teamId: string, id: string): Promise<Server | undefined> {
    const server = this.#servers.get(id);
    return server?.teamId === teamId ? server : undefined;
  }

  async changeServer(
    teamId: string,
    id: string,
    changes: ServerChanges,
    atMs: number,
  ): Promise<Server | undefined> {
    const before = await this.findServer(teamId, id);
    if (!before) return undefined;
    const server = { ...before, ...changes, updatedAtMs: Math.max(atMs, before.updatedAtMs + 1) };
    this.#servers.set(id, server);
    this.#tell({ kind: "present", server });
    return server;
  }

  async removeServer(teamId: string, id: string): Promise<boolean> {
    const server = await this.findServer(teamId, id);
    if (!server) return false;
    this.#servers.delete(id);
    this.#removed.set(id, { teamId, id });
    this.#tell({ kind: "removed", server });
    return true;
  }

  async removedServers(): Promise<readonly { readonly teamId: string; readonly id: string }[]> {
    return [...this.#removed.values()];
  }

  async forgetServer(teamId: string, id: string): Promise<void> {
    if (this.#removed.get(id)?.teamId === teamId) this.#removed.delete(id);
  }

  async watchServers(listener: (change: ServerChange) => void): Promise<Disposable> {
    // A wrapper of its own, so that one function may listen twice.
    const watching = (change: ServerChange) => listener(change);
    for (const server of this.#servers.values()) watching({ kind: "present", server });
    this.#listeners.add(watching);
    return { [Symbol.dispose]: () => void this.#listeners.delete(watching) };
  }

  async secret(name: string): Promise<Uint8Array> {
    const secret = this.#secrets.get(name) ?? new Uint8Array(randomBytes(32));
    this.#secrets.set(name, secret);
    return secret.slice();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
  }

  #demand({ teamId, userId }: { readonly teamId: string; readonly userId: string }): void {
    if (!this.#teams.has(teamId) || !this.#users.has(userId)) {
      throw new Problem("resource_not_found", "there is no such team or user");
    }
  }

  #tell(change: ServerChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function ofTeam<Row extends { readonly id: string; teamId: string; createdAtMs: number }>(
  rows: ReadonlyMap<string, Row>,
  teamId: string,
): Row[] {
  return [...rows.values()]
    .filter((row) => row.teamId === teamId)
    .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1));
}
