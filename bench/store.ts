/**
 * What the call log costs, beside the obvious table: one row a call, every column text or number, bodies
 * within, five indexes, the same pragmas and the same commits. Machines are shared: read the ratios.
 *
 *     node bench/store.ts [calls, default 100000] [calls a batch, default 1000]
 *
 * Takes half a minute; leaves nothing behind.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { Call } from "../src/call.ts";
import type { MetricsQuery } from "../src/store/call-log.ts";
import { SqliteCallLog } from "../src/store/sqlite/call-log.ts";
import { sampleCalls } from "./sample-calls.ts";

const total = Number(process.argv[2] ?? 100_000);
const batchSize = Number(process.argv[3] ?? 1_000);
const dayMs = 86_400_000;
const untilMs = 1_760_000_000_000;
const sinceMs = untilMs - 30 * dayMs;
const teamId = "01990000-0000-7000-8000-000000000001";

interface Cost {
  wallMs: number;
  cpuMs: number;
  readonly commitsMs: number[];
}

class WideTable {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`
      PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;
      PRAGMA cache_size = -16384;
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

  close(): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#db.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), "hookwatch-bench-"));
try {
  await compare();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(): Promise<void> {
  const [logPath, widePath] = [join(folder, "log.db"), join(folder, "wide.db")];
  const log = SqliteCallLog.open(logPath, { mode: "write" });
  const wide = new WideTable(widePath);
  const costs = { log: cost(), wide: cost() };
  const source = sampleCalls(teamId, sinceMs, (untilMs - sinceMs) / total);
  let raw = 0;
  for (let done = 0; done < total; done += batchSize) {
    const batch: Call[] = [];
    while (batch.length < Math.min(batchSize, total - done)) batch.push(source.next().value);
    for (const each of batch) {
      raw +=
        each.requestBody.length + each.responseBody.length + JSON.stringify(each.headers).length;
    }
    // Interleaved, so that a slow minute of the machine is slow for both, and in turns first, since the
    // first to read a call pays for its way into the processor's cache.
    const appends = [
      () => measure(costs.log, () => log.append(batch)),
      () => measure(costs.wide, () => wide.append(batch)),
    ];
    for (const append of (done / batchSize) % 2 === 0 ? appends : appends.reverse()) await append();
  }
  await log[Symbol.asyncDispose]();
  wide.close();

  console.log(
    `${total} calls of ${Math.round(raw / total)} bytes (bodies and headers), ${batchSize} a commit\n`,
  );
  line(["append", "rows/s", "CPU µs/row", "commit p50", "p99 ms", "bytes/row", "of raw"]);
  for (const [name, path, spent] of [
    ["call log", logPath, costs.log],
    ["wide table", widePath, costs.wide],
  ] as const) {
    const bytes = statSync(path).size / total;
    const sorted = spent.commitsMs.toSorted((a, b) => a - b);
    const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
    const perSecond = Math.round(total / (spent.wallMs / 1_000));
    const cpu = ((spent.cpuMs * 1_000) / total).toFixed(1);
    line([
      name,
      `${perSecond}`,
      cpu,
      at(0.5),
      at(0.99),
      bytes.toFixed(0),
      (bytes / (raw / total)).toFixed(2),
    ]);
  }
  const ratio = costs.wide.wallMs / costs.log.wallMs;
  console.log(
    `\ningest ${ratio.toFixed(2)} × the wide table; size ${(statSync(logPath).size / statSync(widePath).size).toFixed(2)} ×\n`,
  );
  await queries(logPath, widePath);
}

async function queries(logPath: string, widePath: string): Promise<void> {
  await using log = SqliteCallLog.open(logPath, { mode: "read" });
  const wide = new WideTable(widePath);
  const [newest] = (await log.page(teamId, { limit: 1 })).calls;
  if (!newest) throw new Error("there are no calls");
  const { serverId, sessionId } = newest;
  const list = "SELECT * FROM calls WHERE team = ?";
  const order = "ORDER BY started DESC, id DESC LIMIT 50";
  const month: MetricsQuery = { window: { sinceMs, untilMs }, bucketMs: dayMs };
  const day = { sinceMs: untilMs - 10 * dayMs, untilMs: untilMs - 9 * dayMs };
  const groups = ["tool", "method", "server", "client", `started / ${dayMs}`];

  line(["query", "call log ms", "wide table ms"]);
  const row = async (name: string, ours: () => Promise<unknown>, theirs?: () => unknown) => {
    line([name, await best(ours), theirs ? await best(async () => theirs()) : ""]);
  };
  const page = (filter: object) => () => log.page(teamId, { limit: 50, ...filter });
  await row("first page", page({}), () => wide.all(`${list} ${order}`, teamId));
  await row("  of a server", page({ serverIds: [serverId] }), () =>
    wide.all(`${list} AND server = ? ${order}`, teamId, serverId),
  );
  await row("  of a rare tool", page({ toolNames: ["tool_199"] }), () =>
    wide.all(`${list} AND tool = ? ${order}`, teamId, "tool_199"),
  );
  await row("  of errors and timeouts", page({ statuses: ["error", "timeout"] }), () =>
    wide.all(`${list} AND status IN ('error', 'timeout') ${order}`, teamId),
  );
  await row("  of a session", page({ sessionIds: [sessionId] }), () =>
    wide.all(`${list} AND session = ? ${order}`, teamId, sessionId),
  );
  await row(
    "  server, tool, status, day",
    page({ serverIds: [serverId], toolNames: ["tool_1"], statuses: ["error"], window: day }),
  );
  await row("page at offset 10,000", page({ offset: 10_000 }), () =>
    wide.all(`${list} ${order} OFFSET 10000`, teamId),
  );
  await row("search, found often", page({ text: "invoice paid" }), () =>
    wide.all(
      `${list} AND request || response || error LIKE '%invoice%' AND request || response || error LIKE '%paid%' ${order}`,
      teamId,
    ),
  );
  await row("search, newest 20,000, never found", () =>
    log.count(teamId, {
      text: "nowhere",
      window: { sinceMs: untilMs - ((untilMs - sinceMs) / total) * 20_000 },
    }),
  );
  await row(
    "one call",
    () => log.find(teamId, newest.id),
    () => wide.all("SELECT * FROM calls WHERE id = ?", newest.id),
  );
  await row(
    "count",
    () => log.count(teamId, {}),
    () => wide.all("SELECT count(*) FROM calls WHERE team = ?", teamId),
  );
  await row(
    "count of a method and status",
    () => log.count(teamId, { methods: ["tools/call"], statuses: ["success"] }),
    () =>
      wide.all(
        "SELECT count(*) FROM calls WHERE team = ? AND method = 'tools/call' AND status = 'success'",
        teamId,
      ),
  );
  await row(
    "metrics, 30 days (table: no percentiles)",
    () => log.metrics(teamId, month),
    () =>
      groups.map((group) =>
        wide.all(
          `SELECT ${group}, status, count(*), avg(duration), max(duration) FROM calls WHERE team = ? GROUP BY 1, 2`,
          teamId,
        ),
      ),
  );
  await row("metrics of a server", () => log.metrics(teamId, { ...month, serverIds: [serverId] }));
  wide.close();
}

function cost(): Cost {
  return { wallMs: 0, cpuMs: 0, commitsMs: [] };
}

async function measure(spent: Cost, work: () => unknown): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  spent.wallMs += wallMs;
  spent.cpuMs += (user + system) / 1_000;
  spent.commitsMs.push(wallMs);
}

/** The quickest of five, milliseconds: what others on the machine do is no part of it. */
async function best(work: () => Promise<unknown>): Promise<string> {
  const spent = cost();
  for (let round = 0; round < 5; round++) await measure(spent, work);
  return Math.min(...spent.commitsMs).toFixed(1);
}

function line(cells: readonly string[]): void {
  const [first = "", ...rest] = cells;
  console.log(first.padEnd(42) + rest.map((cell) => cell.padStart(14)).join(""));
}
