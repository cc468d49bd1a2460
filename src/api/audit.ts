/** `/v1/audit`: the audit log of the caller's team. */
import { z } from "@hono/zod-openapi";
import { type AuditEntry, auditActions } from "../audit.ts";
import type { AuditLog, AuditQuery } from "../store/audit-log.ts";
import { operation } from "./operation.ts";
import { refuseReversed } from "./query.ts";
import { anyOf, instant, oneOf, text, uuid, wholeNumber } from "./query-fields.ts";
import { auditListSchema, type WireAuditEntry } from "./wire-audit.ts";

const limitMax = 200;
const limitDefault = 50;

const parameters = z.object({
  action: anyOf(oneOf(auditActions), "What happened."),
  user_id: uuid().optional().openapi({ description: "What this user did." }),
  subject_id: text().optional().openapi({ description: "What was done to this." }),
  from: instant().optional().openapi({ description: "Earliest, inclusive." }),
  to: instant().optional().openapi({ description: "Latest, exclusive." }),
  limit: wholeNumber(1, limitMax)
    .optional()
    .openapi({ default: limitDefault, description: "Entries on the page." }),
  cursor: wholeNumber(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .openapi({ description: "`next_cursor` of an earlier answer to the same filters." }),
});

export function audit(log: Pick<AuditLog, "audit">) {
  return operation({
    name: "listAuditEntries",
    tag: "Audit log",
    summary: "Read the audit log",
    description:
      "Who changed what in the team, and who came in; newest first. Entries are never changed or removed. Each one's " +
      "`hash` covers the one before it, so that whoever keeps a hash can tell later whether anything older " +
      "was touched; docs/api.md says how it is made.",
    needs: { scope: "admin" },
    query: parameters,
    result: auditListSchema,
    example: {
      query: "?action=server.rerouted&action=server.capture_raised",
    },
    run: async ({ caller, query }) => {
      const { limit = limitDefault } = query;
      // One more than the page tells whether another follows.
      const asked = { ...toQuery(query), limit: limit + 1 };
      const entries = await log.audit(caller.teamId, asked);
      const data = entries.slice(0, limit).map(toWire);
      const hasMore = entries.length > limit;
      const last = data.at(-1);
      return {
        data,
        limit,
        has_more: hasMore,
        next_cursor: hasMore && last ? `${last.seq}` : null,
      };
    },
  });
}

function toQuery(query: z.output<typeof parameters>): Omit<AuditQuery, "limit"> {
  refuseReversed("from", query.from, "to", query.to);
  return {
    actions: query.action ?? [],
    ...(query.cursor !== undefined && { beforeSeq: query.cursor }),
    ...(query.user_id !== undefined && { userId: query.user_id }),
    ...(query.subject_id !== undefined && { subjectId: query.subject_id }),
    ...(query.from !== undefined && { fromMs: query.from }),
    ...(query.to !== undefined && { toMs: query.to }),
  };
}

function toWire(entry: AuditEntry): WireAuditEntry {
  return {
    seq: entry.seq,
    team_id: entry.teamId,
    action: entry.action,
    user_id: entry.userId ?? null,
    credential_id: entry.credentialId ?? null,
    source_ip: entry.sourceIp,
    subject_id: entry.subjectId,
    details: entry.details,
    at: new Date(entry.atMs).toISOString(),
    hash: entry.hash,
  };
}
