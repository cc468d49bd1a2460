/** The registry in memory: the contract in its shortest form, for tests. Nothing survives the process. */
import { randomBytes } from "node:crypto";
import type { Registry } from "../registry.ts";
import { accounts } from "./registry-accounts.ts";
import { auditLog } from "./registry-audit.ts";
import { keys, type ServerListeners, servers, usage } from "./registry-servers.ts";
import { sessions, signInLinks } from "./registry-sessions.ts";
import { RegistryTables } from "./registry-tables.ts";
import { invitations, members, teams } from "./registry-teams.ts";

export function openMemoryRegistry(): Registry {
  const tables = new RegistryTables();
  const listeners: ServerListeners = new Set();
  const secrets = new Map<string, Uint8Array>();
  return {
    ...accounts(tables),
    ...teams(tables),
    ...members(tables),
    ...invitations(tables),
    ...sessions(tables),
    ...signInLinks(tables),
    ...keys(tables),
    ...servers(tables, listeners),
    ...usage(tables),
    ...auditLog(tables),
    secret: async (name) => {
      const secret = secrets.get(name) ?? new Uint8Array(randomBytes(32));
      secrets.set(name, secret);
      return secret.slice();
    },
    [Symbol.asyncDispose]: async () => listeners.clear(),
  };
}
