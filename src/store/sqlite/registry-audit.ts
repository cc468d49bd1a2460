/** The audit log of the registry in SQLite. Entries are appended by the transactions of what they speak of. */
import type { AuditEntry, AuditEvent } from "../../audit.ts";
import { chainHash, chainStart } from "../audit-chain.ts";
import type { AuditLog, AuditQuery } from "../audit-log.ts";
import type { RegistryFile } from "./registry-file.ts";
import { auditEntryOf } from "./registry-row.ts";

export function auditLog(file: RegistryFile): AuditLog {
  return {
    addAudit: async (event) => file.write(() => appendAudit(file, event)),
    audit: async (teamId, asked) => file.read(() => newestEntries(file, teamId, asked)),
  };
}

/** Inside the transaction of what is audited. */
export function appendAudit(file: RegistryFile, event: AuditEvent): void {
  const { teamId, action, userId, credentialId, sourceIp, subjectId, details, atMs } = event;
  const newest =
    "SELECT seq, clock_ms, hash FROM audit WHERE team_id = ? ORDER BY seq DESC LIMIT 1";
  const last = file.get(newest, teamId);
  const seq = Number(last?.seq ?? 0) + 1;
  const clockMs = Math.max(Number(last?.clock_ms ?? atMs), atMs);
  const hash = chainHash(String(last?.hash ?? chainStart), event, seq);
  file.run(
    "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ...[teamId, seq, action, userId ?? null, credentialId ?? null, sourceIp, subjectId],
    ...[JSON.stringify(details), atMs, clockMs, hash],
  );
}

function newestEntries(file: RegistryFile, teamId: string, asked: AuditQuery): AuditEntry[] {
  const { userId, subjectId, limit } = asked;
  const actions = [...new Set(asked.actions)];
  const span = spanOf(file, teamId, asked);
  const select = (index: string, conditions: readonly string[], values: readonly string[]) => {
    const terms = ["team_id = ?", "seq >= ?", "seq < ?", ...conditions].join(" AND ");
    const sql = `SELECT * FROM audit ${index} WHERE ${terms} ORDER BY seq DESC LIMIT ?`;
    return file.all(sql, teamId, span.fromSeq, span.toSeq, ...values, limit).map(auditEntryOf);
  };
  const isAny = actions.length > 0 ? [`action IN (${actions.map(() => "?").join(", ")})`] : [];
  // Named, since SQLite without statistics would guess: a subject has the fewest entries.
  if (subjectId !== undefined) {
    const [isUser, users] = userId === undefined ? [[], []] : [["user_id = ?"], [userId]];
    const conditions = ["subject_id = ?", ...isUser, ...isAny];
    return select("INDEXED BY audit_by_subject", conditions, [subjectId, ...users, ...actions]);
  }
  if (userId !== undefined)
    return select("INDEXED BY audit_by_user", ["user_id = ?", ...isAny], [userId, ...actions]);
  if (actions.length === 0) return select("", [], []);
  // One walk for each action, since the index has no common order of several.
  const each = actions.flatMap((one) =>
    select("INDEXED BY audit_by_action", ["action = ?"], [one]),
  );
  return each.sort((a, b) => b.seq - a.seq).slice(0, limit);
}

/** Half-open. */
function spanOf(file: RegistryFile, teamId: string, { fromMs, toMs, beforeSeq }: AuditQuery) {
  const sql = `SELECT seq FROM audit WHERE team_id = ? AND clock_ms >= ?
    ORDER BY clock_ms, seq LIMIT 1`;
  const firstSince = (ms: number) => Number(file.get(sql, teamId, ms)?.seq ?? endSeq);
  const untilSeq = toMs === undefined ? endSeq : firstSince(toMs);
  return {
    fromSeq: fromMs === undefined ? 0 : firstSince(fromMs),
    toSeq: Math.min(untilSeq, beforeSeq ?? endSeq),
  };
}

/** No team has so many. */
const endSeq = Number.MAX_SAFE_INTEGER;
