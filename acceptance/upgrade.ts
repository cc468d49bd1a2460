/**
 * Q21: a newer program takes over a log that is in use, killed at any point of its migration; an older one refuses it.
 *
 * The newer program is this one with one more migration for each store, which takes some seconds.
 */
import { cpSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ServerRow } from "../test/e2e/api.ts";
import { drained } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { failedStart, HostProcess, launch, programPath } from "./host-process.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { seedCalls } from "./seed-calls.ts";
import { SteadyLoad } from "./steady-load.ts";
import { integrityFaults } from "./stored-calls.ts";

const downtimeMaxMs = 30_000;
const root = fileURLToPath(new URL("..", import.meta.url));

/** Long enough to be killed in the middle; in one transaction with everything else of the migration. */
const longMigration = `-- Ballast, so that the migration takes its time.
CREATE TABLE acceptance_ballast (number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
INSERT INTO acceptance_ballast
  WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 3000000)
  SELECT number, hex(randomblob(32)) FROM numbers;
`;

export async function upgrade(run: Run): Promise<void> {
  const rows = run.amount("rows", 1_000_000, 200_000, "calls");
  const kills = run.amount("times", 20, 10, "kills");
  await using scratch = await makeScratch("upgrade");
  const dataDir = join(scratch.path, "data");
  const newer = newerProgram(join(scratch.path, "newer"));

  const server = await exerciseOldProgram(dataDir);
  await seedCalls(dataDir, server.team_id, rows, run);
  const before = await look(dataDir, server);

  for (let kill = 0; kill < kills; kill += 1) {
    const { child, ended } = launch({ dataDir, program: newer });
    await sleep(100 + Math.random() * 1_500);
    child.kill("SIGKILL");
    await ended;
  }
  const after = await look(dataDir, server, newer);
  run.check(
    `no call is lost over ${kills} kills during the migration`,
    `${before.calls} calls before, ${after.calls} after; of the server's own ${before.own} and ${after.own}`,
    after.calls === before.calls && after.own === before.own && before.calls > rows,
  );
  run.check(
    "no server is lost",
    `${before.servers} and ${after.servers}`,
    after.servers === before.servers,
  );
  run.check(
    `ready ≤ ${downtimeMaxMs / 1_000} s, migration included`,
    `${(after.readyMs / 1_000).toFixed(1)} s; ${(before.readyMs / 1_000).toFixed(1)} s before it`,
    after.readyMs <= downtimeMaxMs,
  );
  await checkOldProgram(run, dataDir);
  const again = await look(dataDir, server, newer);
  run.check(
    "the newer program finds everything after that",
    `${again.calls} calls`,
    again.calls === before.calls,
  );
  const faults = integrityFaults(dataDir, newer);
  run.check("integrity of the files", faults.join("; ") || "ok", faults.length === 0);
}

/** A server and some calls of it. */
async function exerciseOldProgram(dataDir: string): Promise<ServerRow> {
  await using upstream = await startEchoUpstream();
  await using host = await HostProcess.start({ dataDir });
  const server = await host.api.addServer("upgraded", upstream.url);
  const load = new SteadyLoad(`${host.url}/p/${server.slug}`, { perSecond: 200 });
  await sleep(2_000);
  await load.stop();
  await drained(host, 10_000);
  return server;
}

async function look(dataDir: string, server: ServerRow, program?: string) {
  await using host = await HostProcess.start({ dataDir, ...(program ? { program } : {}) });
  const { total } = await host.api.send<{ total: number }>("GET", "/v1/mcp/servers");
  return {
    readyMs: host.readyMs,
    servers: total,
    calls: await host.api.count(),
    own: await host.api.count({ server_id: server.id }),
  };
}

async function checkOldProgram(run: Run, dataDir: string): Promise<void> {
  const { code, said } = await failedStart({ dataDir });
  const lines = said.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
  run.check(
    "the older program refuses it in one sentence",
    `exit code ${code}: ${lines.join(" | ")}`,
    code !== null && code !== 0 && lines.length === 1 && said.includes("newer"),
  );
}

/** A copy of this program that knows one migration more. */
function newerProgram(folder: string): string {
  const from = dirname(dirname(programPath()));
  for (const part of ["src", "bin", "package.json"]) {
    cpSync(join(from, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const store of ["calls", "registry"]) {
    const schema = join(folder, "src/store/sqlite/schema", store);
    const known = readdirSync(schema).filter((name) => /^\d{4}-.*\.sql$/.test(name)).length;
    const name = `${String(known + 1).padStart(4, "0")}-acceptance.sql`;
    writeFileSync(
      join(schema, name),
      store === "calls" ? longMigration : "CREATE TABLE acceptance (x TEXT) STRICT;\n",
    );
  }
  return join(folder, "bin/hookwatch.cjs");
}
