/** The JSON shapes of the audit log. See wire.ts. */
import { z } from "@hono/zod-openapi";
import { auditActions } from "../audit.ts";

const uuid = z.uuid();

export const auditEntrySchema = z
  .object({
    seq: z.int().min(1).describe("Counts up from 1 within the team, without gaps."),
    team_id: uuid,
    action: z.enum(auditActions),
    user_id: uuid.nullable().describe("Who did it; null when nobody of the team did."),
    credential_id: uuid.nullable().describe("The API key or session it was done with."),
    source_ip: z.string().describe("From where; empty when it did not come over a socket."),
    subject_id: z
      .string()
      .describe("What it was done to: a server, key, user, …; empty when it is the team."),
    details: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .readonly()
      .describe("What a person needs to understand it when the subject is gone. Never a secret."),
    at: z.iso.datetime({ precision: 3 }),
    hash: z
      .string()
      .describe("SHA-256 over the entry and the hash of the one before it, lower-case hex."),
  })
  .openapi("AuditEntry");

export const auditListSchema = z
  .object({
    data: z.array(auditEntrySchema).describe("Newest first, by `seq`."),
    limit: z.int(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable().describe("Pass as `cursor`; null at the end."),
  })
  .openapi("AuditList");

export type WireAuditEntry = z.input<typeof auditEntrySchema>;
export type WireAuditList = z.input<typeof auditListSchema>;
