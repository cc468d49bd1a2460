/** API keys of the registry in SQLite. */
import type { ApiKey } from "../../api-key.ts";
import { planIsFull, taken } from "../refusals.ts";
import type { Keys } from "../registry.ts";
import { appendAudit } from "./registry-audit.ts";
import type { RegistryFile } from "./registry-file.ts";
import { keyOf } from "./registry-row.ts";

export function keys(file: RegistryFile): Keys {
  const bySecret = "SELECT * FROM api_keys WHERE secret_digest = ?";
  return {
    addKey: async (key, limit, trail) =>
      file.write(() => {
        file.demandBoth(key);
        if (
          file.has("SELECT 1 FROM api_keys WHERE id = ?", key.id) ||
          file.has(bySecret, key.secretDigest)
        )
          throw taken("an API key with this id or secret");
        if (limit > 0 && countValid(file, key.teamId, key.createdAtMs) >= limit)
          throw planIsFull(limit, "API keys");
        insertKey(file, key);
        if (trail) appendAudit(file, trail);
      }),

    findKey: async (secretDigest) => {
      const row = file.read(() => file.get(bySecret, secretDigest));
      return row && keyOf(row);
    },

    keys: async (teamId) => {
      const sql = "SELECT * FROM api_keys WHERE team_id = ? ORDER BY created_at_ms DESC, id DESC";
      return file.read(() => file.all(sql, teamId).map(keyOf));
    },

    removeKey: async (teamId, id, trail) =>
      file.write(() => {
        const sql = "DELETE FROM api_keys WHERE team_id = ? AND id = ?";
        if (file.run(sql, teamId, id) === 0) return false;
        if (trail) appendAudit(file, trail);
        return true;
      }),

    noteKeyUse: async (id, atMs, ip, trail) =>
      file.write(() => {
        const row = file.get("SELECT last_used_ip FROM api_keys WHERE id = ?", id);
        if (!row) return;
        const sql = "UPDATE api_keys SET last_used_at_ms = ?, last_used_ip = ? WHERE id = ?";
        file.run(sql, atMs, ip, id);
        if (trail && row.last_used_ip !== ip) appendAudit(file, trail);
      }),
  };
}

function countValid(file: RegistryFile, teamId: string, atMs: number): number {
  const sql = `SELECT count(*) AS n FROM api_keys
    WHERE team_id = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)`;
  return Number(file.get(sql, teamId, atMs)?.n);
}

function insertKey(file: RegistryFile, key: ApiKey): void {
  const { id, teamId, userId, name, scopes, secretDigest, lastFour, createdAtMs } = key;
  file.run(
    "INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ...[id, teamId, userId, name, scopes.join(" "), secretDigest, lastFour, createdAtMs],
    ...[key.expiresAtMs ?? null, key.lastUsedAtMs ?? null, key.lastUsedIp ?? null],
  );
}
