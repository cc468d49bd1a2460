/** What the log knows to be missing, in its table. */
import type { Loss, LossKind } from "../../loss.ts";
import type { LossQuery } from "../call-log.ts";
import type { CallFile } from "./call-file.ts";

/** They rest in files: a kind keeps its code for ever. */
const kindCodes: Readonly<Record<LossKind, number>> = { call: 0, bodies: 1 };

export function addLosses(file: CallFile, losses: readonly Loss[]): void {
  if (losses.length === 0) return;
  file.write(() => {
    const add = file.statements.get(`
      INSERT INTO losses SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
      WHERE NOT EXISTS (SELECT 1 FROM removed_servers WHERE team_id = ?2 AND server_id = ?3)
      ON CONFLICT (id) DO UPDATE SET team_id = ?2, server_id = ?3, kind = ?4, reason = ?5,
        calls = ?6, from_ms = ?7, until_ms = ?8
    `);
    for (const { id, teamId, serverId, kind, reason, calls, fromMs, untilMs } of losses)
      add.run(id, teamId, serverId, kindCodes[kind], reason, calls, fromMs, untilMs);
  });
}

export function readLosses(file: CallFile, teamId: string, query: LossQuery): Loss[] {
  const { serverIds, window = {}, limit } = query;
  const { sinceMs = Number.MIN_SAFE_INTEGER, untilMs = Number.MAX_SAFE_INTEGER } = window;
  const sql = `
    SELECT * FROM losses WHERE team_id = ? AND from_ms < ? AND until_ms >= ?
      ${serverIds ? "AND server_id IN (SELECT value FROM json_each(?))" : ""}
    ORDER BY from_ms DESC, id DESC LIMIT ?
  `;
  const servers = serverIds ? [JSON.stringify(serverIds)] : [];
  return file.read(() =>
    file.statements
      .get(sql)
      .all(teamId, untilMs, sinceMs, ...servers, limit)
      .map((row) => ({
        id: String(row.id),
        teamId,
        serverId: String(row.server_id),
        kind: row.kind === kindCodes.call ? "call" : "bodies",
        reason: String(row.reason),
        calls: Number(row.calls),
        fromMs: Number(row.from_ms),
        untilMs: Number(row.until_ms),
      })),
  );
}
