/** API keys and servers of the registry in memory, and what teams use. */
import { changedServer } from "../changed-server.ts";
import { planIsFull, slugSpent, taken } from "../refusals.ts";
import type { Keys, ServerChange, Servers, Usage } from "../registry.ts";
import { newestFirst, type RegistryTables } from "./registry-tables.ts";

export function keys(tables: RegistryTables): Keys {
  const { keys: present } = tables;
  const bySecret = (digest: string) =>
    [...present.values()].find((key) => key.secretDigest === digest);
  const ofTeam = (teamId: string) =>
    newestFirst([...present.values()].filter((key) => key.teamId === teamId));
  return {
    addKey: async (key, limit, trail) => {
      tables.demandTeam(key.teamId);
      tables.demandUser(key.userId);
      if (present.has(key.id) || bySecret(key.secretDigest))
        throw taken("an API key with this id or secret");
      const isValid = ({ expiresAtMs = Number.POSITIVE_INFINITY }) => expiresAtMs > key.createdAtMs;
      if (limit > 0 && ofTeam(key.teamId).filter(isValid).length >= limit)
        throw planIsFull(limit, "API keys");
      present.set(key.id, key);
      if (trail) tables.appendAudit(trail);
    },

    findKey: async (secretDigest) => bySecret(secretDigest),
    keys: async (teamId) => ofTeam(teamId),

    removeKey: async (teamId, id, trail) => {
      if (present.get(id)?.teamId !== teamId) return false;
      if (trail) tables.appendAudit(trail);
      return present.delete(id);
    },

    noteKeyUse: async (id, atMs, ip, trail) => {
      const key = present.get(id);
      if (!key) return;
      present.set(id, { ...key, lastUsedAtMs: atMs, lastUsedIp: ip });
      if (trail && key.lastUsedIp !== ip) tables.appendAudit(trail);
    },
  };
}

export type ServerListeners = Set<(change: ServerChange) => void>;

export function servers(tables: RegistryTables, listeners: ServerListeners): Servers {
  const { servers: present, spentSlugs, removedServers } = tables;
  const ofTeam = (teamId: string) =>
    newestFirst([...present.values()].filter((server) => server.teamId === teamId));
  const find = (teamId: string, id: string) => {
    const server = present.get(id);
    return server?.teamId === teamId ? server : undefined;
  };
  const tell = (change: ServerChange) => {
    for (const listener of listeners) listener(change);
  };
  return {
    addServer: async (server, limit, trail) => {
      tables.demandTeam(server.teamId);
      tables.demandUser(server.userId);
      if (present.has(server.id) || removedServers.has(server.id))
        throw taken("a server with this id");
      if (spentSlugs.has(server.slug)) throw slugSpent();
      if (limit > 0 && ofTeam(server.teamId).length >= limit) throw planIsFull(limit, "servers");
      spentSlugs.add(server.slug);
      present.set(server.id, server);
      if (trail) tables.appendAudit(trail);
      tell({ kind: "present", server });
    },

    servers: async (teamId) => ofTeam(teamId),
    findServer: async (teamId, id) => find(teamId, id),

    changeServer: async (teamId, id, changes, atMs, trail = []) => {
      const before = find(teamId, id);
      if (!before) return undefined;
      const server = changedServer(before, changes, atMs);
      if (changes.slug !== undefined && spentSlugs.has(changes.slug)) throw slugSpent();
      spentSlugs.add(server.slug);
      present.set(id, server);
      for (const event of trail) tables.appendAudit(event);
      tell({ kind: "present", server });
      return server;
    },

    removeServer: async (teamId, id, trail) => {
      const server = find(teamId, id);
      if (!server) return false;
      present.delete(id);
      removedServers.set(id, { teamId, id });
      if (trail) tables.appendAudit(trail);
      tell({ kind: "removed", server });
      return true;
    },

    removedServers: async () => [...removedServers.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),

    forgetServer: async (teamId, id) => {
      if (removedServers.get(id)?.teamId === teamId) removedServers.delete(id);
    },

    watchServers: async (listener) => {
      // A wrapper of its own, so that one function may listen twice.
      const watching = (change: ServerChange) => listener(change);
      for (const server of present.values()) watching({ kind: "present", server });
      listeners.add(watching);
      return { [Symbol.dispose]: () => void listeners.delete(watching) };
    },
  };
}

export function usage(tables: RegistryTables): Usage {
  return {
    addUsage: async (month, used) => {
      const byTeam = tables.usage.get(month) ?? new Map<string, number>();
      tables.usage.set(month, byTeam);
      for (const { teamId, calls } of used)
        if (calls > 0) byTeam.set(teamId, (byTeam.get(teamId) ?? 0) + calls);
    },

    usage: async (month) => new Map(tables.usage.get(month)),
  };
}
