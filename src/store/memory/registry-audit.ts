/** The audit log of the registry in memory. */
import type { AuditLog } from "../audit-log.ts";
import type { RegistryTables } from "./registry-tables.ts";

export function auditLog(tables: RegistryTables): AuditLog {
  return {
    addAudit: async (event) => tables.appendAudit(event),

    audit: async (teamId, asked) => {
      const { beforeSeq = Number.POSITIVE_INFINITY, limit, actions, userId, subjectId } = asked;
      const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = asked;
      let clockMs = Number.NEGATIVE_INFINITY;
      return (tables.audit.get(teamId) ?? [])
        .filter(({ atMs }) => {
          clockMs = Math.max(clockMs, atMs);
          return fromMs <= clockMs && clockMs < toMs;
        })
        .filter(({ seq }) => seq < beforeSeq)
        .filter(({ action }) => actions.length === 0 || actions.includes(action))
        .filter((entry) => userId === undefined || entry.userId === userId)
        .filter((entry) => subjectId === undefined || entry.subjectId === subjectId)
        .reverse()
        .slice(0, limit);
    },
  };
}
