/** Servers of the registry in SQLite, and what teams use. */
import type { Server } from "../../server.ts";
import { changedServer } from "../changed-server.ts";
import { planIsFull, slugSpent, taken } from "../refusals.ts";
import type { Servers, Usage } from "../registry.ts";
import { appendAudit } from "./registry-audit.ts";
import type { RegistryFile } from "./registry-file.ts";
import { removedOf, serverOf } from "./registry-row.ts";
import type { ServerWatch } from "./server-watch.ts";

export function servers(file: RegistryFile, watch: ServerWatch): Servers {
  return {
    addServer: async (server, limit, trail) => {
      file.write(() => {
        insertServer(file, server, limit);
        if (trail) appendAudit(file, trail);
      });
      watch.tell({ kind: "present", server });
    },

    servers: async (teamId) => {
      const sql = "SELECT * FROM servers WHERE team_id = ? ORDER BY created_at_ms DESC, id DESC";
      return file.read(() => file.all(sql, teamId).map(serverOf));
    },

    findServer: async (teamId, id) => file.read(() => findServer(file, teamId, id)),

    changeServer: async (teamId, id, changes, atMs, trail = []) => {
      const server = file.write(() => {
        const before = findServer(file, teamId, id);
        if (!before) return undefined;
        if (changes.slug !== undefined) spendSlug(file, changes.slug);
        const after = changedServer(before, changes, atMs);
        updateServer(file, after);
        for (const event of trail) appendAudit(file, event);
        return after;
      });
      if (server) watch.tell({ kind: "present", server });
      return server;
    },

    removeServer: async (teamId, id, trail) => {
      const server = file.write(() => {
        const before = findServer(file, teamId, id);
        if (!before) return undefined;
        file.run("DELETE FROM servers WHERE id = ?", id);
        file.run("INSERT INTO removed_servers VALUES (?, ?)", id, teamId);
        if (trail) appendAudit(file, trail);
        return before;
      });
      if (server) watch.tell({ kind: "removed", server });
      return server !== undefined;
    },

    removedServers: async () => {
      const sql = "SELECT id, team_id FROM removed_servers ORDER BY id";
      return file.read(() => file.all(sql).map(removedOf));
    },

    forgetServer: async (teamId, id) => {
      const sql = "DELETE FROM removed_servers WHERE team_id = ? AND id = ?";
      file.write(() => file.run(sql, teamId, id));
    },

    watchServers: async (listener) => watch.add(listener),
  };
}

export function usage(file: RegistryFile): Usage {
  return {
    addUsage: async (month, used) =>
      file.write(() => {
        const sql = `INSERT INTO usage VALUES (?, ?, ?)
          ON CONFLICT DO UPDATE SET calls = calls + excluded.calls`;
        for (const { teamId, calls } of used) if (calls > 0) file.run(sql, month, teamId, calls);
      }),

    usage: async (month) => {
      const rows = file.read(() => file.all("SELECT * FROM usage WHERE month = ?", month));
      return new Map(rows.map((row) => [String(row.team_id), Number(row.calls)]));
    },
  };
}

function insertServer(file: RegistryFile, server: Server, limit: number): void {
  file.demandBoth(server);
  const known =
    "SELECT id FROM servers WHERE id = ?1 UNION SELECT id FROM removed_servers WHERE id = ?1";
  if (file.has(known, server.id)) throw taken("a server with this id");
  spendSlug(file, server.slug);
  const count = "SELECT count(*) AS n FROM servers WHERE team_id = ?";
  if (limit > 0 && Number(file.get(count, server.teamId)?.n) >= limit)
    throw planIsFull(limit, "servers");
  const { id, teamId, userId, slug, name, targetUrl, isActive, captureLevel } = server;
  file.run(
    "INSERT INTO servers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ...[id, teamId, userId, slug, name, targetUrl, isActive ? 1 : 0, captureLevel],
    ...[server.upstreamIdleTimeoutMs ?? null, server.createdAtMs, server.updatedAtMs],
  );
}

/** @throws Problem `resource_exists` — it was given out before. */
function spendSlug(file: RegistryFile, slug: string): void {
  const sql = "INSERT INTO spent_slugs VALUES (?) ON CONFLICT DO NOTHING";
  if (file.run(sql, slug) === 0) throw slugSpent();
}

function updateServer(file: RegistryFile, server: Server): void {
  const { id, slug, name, targetUrl, isActive, captureLevel, updatedAtMs } = server;
  file.run(
    `UPDATE servers SET slug = ?, name = ?, target_url = ?, is_active = ?, capture_level = ?,
      upstream_idle_timeout_ms = ?, updated_at_ms = ? WHERE id = ?`,
    ...[slug, name, targetUrl, isActive ? 1 : 0, captureLevel],
    ...[server.upstreamIdleTimeoutMs ?? null, updatedAtMs, id],
  );
}

function findServer(file: RegistryFile, teamId: string, id: string): Server | undefined {
  const row = file.get("SELECT * FROM servers WHERE team_id = ? AND id = ?", teamId, id);
  return row && serverOf(row);
}
