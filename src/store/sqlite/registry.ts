/**
 * The registry in one SQLite file: the default engine.
 *
 * Guarantees: what is acknowledged survives the death of the machine (`synchronous=FULL`); each method is
 * one transaction. Several processes may share the file: a watcher sees the changes of others within
 * `pollMs`. Meant for the main thread: every statement is an index lookup of a few rows. Waits for
 * another writer up to 500 ms.
 */
import { randomBytes } from "node:crypto";
import type { Registry } from "../registry.ts";
import { accounts } from "./registry-accounts.ts";
import { auditLog } from "./registry-audit.ts";
import { RegistryFile } from "./registry-file.ts";
import { keys } from "./registry-keys.ts";
import { invitations, members } from "./registry-members.ts";
import { serverOf } from "./registry-row.ts";
import { servers, usage } from "./registry-servers.ts";
import { sessions, signInLinks } from "./registry-sessions.ts";
import { teams } from "./registry-teams.ts";
import { ServerWatch } from "./server-watch.ts";

export interface SqliteRegistryOptions {
  /** How often to look for changes of other processes, while anyone watches. At most 2,000, the contract's promise. */
  readonly pollMs?: number;
}

/** @throws Problem `unavailable` — no permission, no database, a newer schema. */
export function openSqliteRegistry(
  path: string,
  { pollMs = 1_000 }: SqliteRegistryOptions = {},
): Registry {
  const file = new RegistryFile(path);
  const watch = new ServerWatch(pollMs, {
    servers: () => file.read(() => file.all("SELECT * FROM servers").map(serverOf)),
    version: () => file.read(() => file.get("PRAGMA data_version")?.data_version),
  });
  return {
    ...accounts(file),
    ...teams(file),
    ...members(file),
    ...invitations(file),
    ...sessions(file),
    ...signInLinks(file),
    ...keys(file),
    ...servers(file, watch),
    ...usage(file),
    ...auditLog(file),
    secret: async (name) => file.write(() => secretIn(file, name)),
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      file[Symbol.dispose]();
    },
  };
}

function secretIn(file: RegistryFile, name: string): Uint8Array {
  const sql = "INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING";
  file.run(sql, name, randomBytes(32));
  const value = file.get("SELECT value FROM secrets WHERE name = ?", name)?.value;
  if (!(value instanceof Uint8Array)) throw new TypeError(`the secret ${name} is no bytes`);
  return value;
}
