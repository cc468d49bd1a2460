/** The obvious table, to compare with: one row a call, every column text or number, bodies within, five indexes. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { Call } from "../src/call.ts";

export class WideTable implements Disposable {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`
      PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;
      PRAGMA cache_size = -32768;
      CREATE TABLE IF NOT EXISTS calls (id TEXT PRIMARY KEY, team TEXT, server TEXT, kind TEXT, direction TEXT, method TEXT, tool TEXT,
        rpc TEXT, request TEXT, response TEXT, status TEXT, code INT, error TEXT, error_kind TEXT, error_code INT,
        duration INT, ttfb INT, ip TEXT, headers TEXT, session TEXT, protocol TEXT, client TEXT, client_version TEXT,
        request_bytes INT, response_bytes INT, request_cut INT, response_cut INT, trace TEXT, started INT, messages TEXT);
      CREATE INDEX IF NOT EXISTS a ON calls (team, started, id);
      CREATE INDEX IF NOT EXISTS b ON calls (team, server, started);
      CREATE INDEX IF NOT EXISTS c ON calls (team, tool, started);
      CREATE INDEX IF NOT EXISTS d ON calls (team, status, started);
      CREATE INDEX IF NOT EXISTS e ON calls (team, session, started);
    `);
  }

  append(calls: readonly Call[]): void {
    const sql = `INSERT INTO calls VALUES (${"?,".repeat(29)}?) ON CONFLICT DO NOTHING`;
    const insert = this.#db.prepare(sql);
    this.#db.exec("BEGIN IMMEDIATE");
    for (const c of calls) {
      insert.run(
        ...[c.id, c.teamId, c.serverId, c.kind, c.direction, c.method, c.toolName, c.rpcId],
        ...[c.requestBody, c.responseBody, c.status, c.statusCode, c.errorMessage, c.errorKind],
        ...[c.errorCode, c.durationMs, c.ttfbMs, c.sourceIp, JSON.stringify(c.headers)],
        ...[c.sessionId, c.protocolVersion, c.clientName, c.clientVersion, c.requestBytes],
        ...[c.responseBytes, Number(c.requestTruncated), Number(c.responseTruncated), c.traceId],
        ...[c.startedAtMs, JSON.stringify(c.messages)],
      );
    }
    this.#db.exec("COMMIT");
  }

  all(sql: string, ...values: SQLInputValue[]): unknown[] {
    return this.#db.prepare(sql).all(...values);
  }

  [Symbol.dispose](): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#db.close();
  }
}
