/** The audit log: the registry's section of it (registry.ts). What entries are: audit.ts; how they hang together: audit-chain.ts. */
import type { AuditAction, AuditEntry, AuditEvent } from "../audit.ts";

export interface AuditLog {
  addAudit(event: AuditEvent): Promise<void>;
  /** Newest first, by `seq`: those before `beforeSeq`, at most `limit`. */
  audit(teamId: string, asked: AuditQuery): Promise<readonly AuditEntry[]>;
}

export interface AuditQuery {
  readonly beforeSeq?: number;
  readonly limit: number;
  /** Any of these; empty: all. */
  readonly actions: readonly AuditAction[];
  readonly userId?: string;
  readonly subjectId?: string;
  /**
   * Half-open. An entry counts as no earlier than the ones before it: a clock that went back puts nothing out of order.
   */
  readonly fromMs?: number;
  readonly toMs?: number;
}
