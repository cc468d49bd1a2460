/**
 * The registry in one SQLite file: the default engine.
 *
 * Guarantees: what is acknowledged survives the death of the machine (`synchronous=FULL`); each method is
 * one transaction. Several processes may share the file: a watcher sees the changes of others within
 * `pollMs`. Meant for the main thread: every statement is an index lookup of a few rows. Waits for
 * another writer up to 500 ms.
 */
import { randomBytes } from "node:crypto";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { Problem } from "../../problem.ts";
import type { Server, ServerChanges } from "../../server.ts";
import type { ApiKey } from "../../team.ts";
import type { Founding, Registry, ServerChange } from "../registry.ts";
import { openDatabase, transaction } from "./database.ts";
import { foundingOf, isConflict, keyOf, type Row, removedOf, serverOf } from "./registry-row.ts";
import { ServerWatch } from "./server-watch.ts";
import { Statements } from "./statements.ts";

export interface SqliteRegistryOptions {
  /** How often to look for changes of other processes, while anyone watches. At most 2,000, the contract's promise. */
  readonly pollMs?: number;
}

export class SqliteRegistry implements Registry {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #watch: ServerWatch;

  private constructor(path: string, { pollMs = 1_000 }: SqliteRegistryOptions) {
    this.#db = openDatabase(path, "registry", "write", 500);
    this.#statements = new Statements(this.#db);
    this.#watch = new ServerWatch(pollMs, {
      servers: () => this.#read(() => this.#all("SELECT * FROM servers").map(serverOf)),
      version: () => this.#read(() => this.#get("PRAGMA data_version")?.data_version),
    });
  }

  /** @throws Problem `unavailable` — no permission, no database, a newer schema. */
  static open(path: string, options: SqliteRegistryOptions = {}): SqliteRegistry {
    return new SqliteRegistry(path, options);
  }

  async bootstrap(owner: Founding): Promise<Founding & { readonly created: boolean }> {
    return this.#write(() => {
      const row = this.#get(foundingSql);
      if (row) return { ...foundingOf(row), created: false };
      const { user, team } = owner;
      this.#run("INSERT INTO users VALUES (?, ?, ?)", user.id, user.email, user.createdAtMs);
      this.#run("INSERT INTO teams VALUES (?, ?, ?)", team.id, team.name, team.createdAtMs);
      this.#run("INSERT INTO memberships VALUES (?, ?, ?)", team.id, user.id, team.createdAtMs);
      this.#run("INSERT INTO founding VALUES (1, ?, ?)", user.id, team.id);
      return { user, team, created: true };
    });
  }

  async addKey(key: ApiKey): Promise<void> {
    this.#write(() => {
      this.#demand(key);
      const { id, teamId, userId, name, secretDigest, lastFour, createdAtMs } = key;
      const sql = "INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?)";
      try {
        this.#run(sql, id, teamId, userId, name, secretDigest, lastFour, createdAtMs);
      } catch (cause) {
        if (!isConflict(cause)) throw cause;
        const message = "an API key with this id or secret exists already";
        throw new Problem("resource_exists", message, { cause });
      }
    });
  }

  async findKey(secretDigest: string): Promise<ApiKey | undefined> {
    return this.#read(() => {
      const row = this.#get("SELECT * FROM api_keys WHERE secret_digest = ?", secretDigest);
      return row && keyOf(row);
    });
  }

  async keys(teamId: string): Promise<readonly ApiKey[]> {
    const sql = "SELECT * FROM api_keys WHERE team_id = ? ORDER BY created_at_ms DESC, id DESC";
    return this.#read(() => this.#all(sql, teamId).map(keyOf));
  }

  async removeKey(teamId: string, id: string): Promise<boolean> {
    const sql = "DELETE FROM api_keys WHERE team_id = ? AND id = ?";
    return this.#write(() => this.#run(sql, teamId, id) > 0);
  }

  async addServer(server: Server, limit: number): Promise<void> {
    this.#write(() => {
      this.#demand(server);
      const taken =
        "SELECT id FROM servers WHERE id = ?1 UNION SELECT id FROM removed_servers WHERE id = ?1";
      if (this.#get(taken, server.id)) {
        throw new Problem("resource_exists", "a server with this id exists already");
      }
      if (
        this.#run("INSERT INTO spent_slugs VALUES (?) ON CONFLICT DO NOTHING", server.slug) === 0
      ) {
        throw new Problem("resource_exists", "this slug was used before");
      }
      const count = this.#get("SELECT count(*) AS n FROM servers WHERE team_id = ?", server.teamId);
      if (limit > 0 && Number(count?.n) >= limit) {
        throw new Problem("plan_limit_reached", `the plan has room for ${limit} servers`);
      }
      const { id, teamId, userId, slug, name, targetUrl, createdAtMs, updatedAtMs } = server;
      const active = server.isActive ? 1 : 0;
      const sql = "INSERT INTO servers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
      this.#run(sql, id, teamId, userId, slug, name, targetUrl, active, createdAtMs, updatedAtMs);
    });
    this.#watch.tell({ kind: "present", server });
  }

  async servers(teamId: string): Promise<readonly Server[]> {
    const sql = "SELECT * FROM servers WHERE team_id = ? ORDER BY created_at_ms DESC, id DESC";
    return this.#read(() => this.#all(sql, teamId).map(serverOf));
  }

  async findServer(teamId: string, id: string): Promise<Server | undefined> {
    return this.#read(() => this.#server(teamId, id));
  }

  async changeServer(
    teamId: string,
    id: string,
    changes: ServerChanges,
    atMs: number,
  ): Promise<Server | undefined> {
    const server = this.#write(() => {
      const before = this.#server(teamId, id);
      if (!before) return undefined;
      const after = { ...before, ...changes, updatedAtMs: Math.max(atMs, before.updatedAtMs + 1) };
      const sql = `UPDATE servers SET name = ?, target_url = ?, is_active = ?, updated_at_ms = ?
        WHERE team_id = ? AND id = ?`;
      const active = after.isActive ? 1 : 0;
      this.#run(sql, after.name, after.targetUrl, active, after.updatedAtMs, teamId, id);
      return after;
    });
    if (server) this.#watch.tell({ kind: "present", server });
    return server;
  }

  async removeServer(teamId: string, id: string): Promise<boolean> {
    const server = this.#write(() => {
      const before = this.#server(teamId, id);
      if (!before) return undefined;
      this.#run("DELETE FROM servers WHERE team_id = ? AND id = ?", teamId, id);
      this.#run("INSERT INTO removed_servers VALUES (?, ?)", id, teamId);
      return before;
    });
    if (server) this.#watch.tell({ kind: "removed", server });
    return server !== undefined;
  }

  async removedServers(): Promise<readonly { readonly teamId: string; readonly id: string }[]> {
    const sql = "SELECT id, team_id FROM removed_servers ORDER BY id";
    return this.#read(() => this.#all(sql).map(removedOf));
  }

  async forgetServer(teamId: string, id: string): Promise<void> {
    const sql = "DELETE FROM removed_servers WHERE team_id = ? AND id = ?";
    this.#write(() => this.#run(sql, teamId, id));
  }

  async watchServers(listener: (change: ServerChange) => void): Promise<Disposable> {
    return this.#watch.add(listener);
  }

  async secret(name: string): Promise<Uint8Array> {
    return this.#write(() => {
      const sql = "INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING";
      this.#run(sql, name, randomBytes(32));
      const value = this.#get("SELECT value FROM secrets WHERE name = ?", name)?.value;
      if (!(value instanceof Uint8Array)) throw new TypeError(`the secret ${name} is no bytes`);
      return value;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#db.close();
  }

  #demand({ teamId, userId }: { readonly teamId: string; readonly userId: string }): void {
    const sql = "SELECT 1 FROM teams, users WHERE teams.id = ? AND users.id = ?";
    if (!this.#get(sql, teamId, userId)) {
      throw new Problem("resource_not_found", "there is no such team or user");
    }
  }

  #server(teamId: string, id: string): Server | undefined {
    const row = this.#get("SELECT * FROM servers WHERE team_id = ? AND id = ?", teamId, id);
    return row && serverOf(row);
  }

  #read<Result>(work: () => Result): Result {
    return transaction(this.#db, "read", work);
  }

  #write<Result>(work: () => Result): Result {
    return transaction(this.#db, "write", work);
  }

  #get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#statements.get(sql).get(...values);
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#statements.get(sql).all(...values);
  }

  /** How many rows it changed. */
  #run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#statements.get(sql).run(...values).changes);
  }
}

const foundingSql = `
  SELECT users.id AS user_id, users.email, users.created_at_ms AS user_created_at_ms,
    teams.id AS team_id, teams.name AS team_name, teams.created_at_ms AS team_created_at_ms
  FROM founding JOIN users ON users.id = founding.user_id JOIN teams ON teams.id = founding.team_id
`;
