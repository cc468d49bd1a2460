/** Q16: the wall clock jumps by an hour, forth and back; durations, timeouts and ids do not notice, and tokens do. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkAccount, drained } from "./accounted.ts";
import { type EchoUpstream, startEchoUpstream } from "./echo-upstream.ts";
import { HostProcess } from "./host-process.ts";
import { type Run, Skipped } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { quantile, SteadyLoad } from "./steady-load.ts";
import { duplicates, type StoredCalls, storedCalls } from "./stored-calls.ts";
import { checkTokenExpiry } from "./token-expiry.ts";

const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
  (triplet) => `/usr/lib/${triplet}/faketime/libfaketimeMT.so.1`,
);
const betweenJumpsMs = 3_000;
const perSecond = 100;
const delayMs = 40;
const idleTimeoutMs = 2_000;
/** Beyond the upstream's own time and beyond the timeout. */
const slackMs = 1_000;

export async function clockJumps(run: Run): Promise<void> {
  const library = libraries.find((path) => existsSync(path));
  if (!library) throw new Skipped("a clock that jumps needs libfaketime, not installed here");
  const jumps = run.amount("times", 10, 10, "jumps");
  await using scratch = await makeScratch("clock");
  const clockFile = join(scratch.path, "clock");
  writeFileSync(clockFile, "+0\n");
  await using upstream = await startEchoUpstream();
  await using host = await HostProcess.start({
    dataDir: join(scratch.path, "data"),
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      HOOKWATCH_UPSTREAM_IDLE_TIMEOUT_MS: String(idleTimeoutMs),
    },
  });
  const server = await host.api.addServer("clock", upstream.url);
  const url = `${host.url}/p/${server.slug}`;
  const load = new SteadyLoad(url, { perSecond, args: () => ({ delayMs }) });
  // Answered by nobody, so that the host's own timeout ends each of them, jumps or not.
  const silent = new SteadyLoad(url, { perSecond: 2, args: () => ({ silent: true }) });
  const shifts = Array.from({ length: jumps }, (_, at) =>
    at % 2 === 0 ? "+1h" : at % 4 === 1 ? "-1h" : "+0",
  );
  for (const shift of shifts) {
    await sleep(betweenJumpsMs);
    writeFileSync(clockFile, `${shift}\n`);
  }
  await sleep(betweenJumpsMs);
  const calls = await load.stop();
  const unanswered = await silent.stop();
  await drained(host, 10_000);

  const failed = calls.filter(({ failure }) => failure);
  run.check(
    "no call fails",
    `${failed.length} of ${calls.length} over ${jumps} jumps (${shifts.join(" ")})`,
    failed.length === 0,
  );
  const stored = await storedCalls(host.api, server.id);
  checkDurations(run, stored, new Set(unanswered.map(({ id }) => id)));
  checkIds(run, stored, upstream);
  await checkAccount(run, host, {
    upstream,
    serverId: server.id,
    calls,
  });
  await checkTokenExpiry(run, host, (shift) => writeFileSync(clockFile, `${shift}\n`));
}

function checkDurations(run: Run, { rows }: StoredCalls, silent: ReadonlySet<number>): void {
  const isSilent = (rpcId: string | null) => silent.has(Number(rpcId));
  const answered = rows.filter(({ rpc_id }) => !isSilent(rpc_id)).map((row) => row.duration_ms);
  const good = (ms: number) => ms >= delayMs - 2 && ms < delayMs + slackMs;
  run.check(
    "no duration is negative, absent or longer than the call",
    `${answered.filter((ms) => !good(ms)).length} of ${answered.length} wrong, ${quantile(answered, 0)} to ${quantile(answered, 1)} ms`,
    answered.length > 0 && answered.every(good),
  );
  const timeouts = rows.filter(({ rpc_id }) => isSilent(rpc_id));
  const onTime = timeouts.filter(
    ({ status, duration_ms: ms }) =>
      status === "timeout" && ms >= idleTimeoutMs - 5 && ms <= idleTimeoutMs + slackMs,
  );
  const lengths = timeouts.map((row) => row.duration_ms);
  run.check(
    `timeouts come after ${idleTimeoutMs} ms, not earlier, not ${slackMs} ms later`,
    `${onTime.length} of ${timeouts.length}, ${quantile(lengths, 0)} to ${quantile(lengths, 1)} ms`,
    timeouts.length > 0 && onTime.length === timeouts.length,
  );
}

/** The log lists by time and id; a cursor walk that meets each call once proves that the order holds. */
function checkIds(run: Run, { rows, ids }: StoredCalls, upstream: EchoUpstream): void {
  const uuids = new Set(rows.map(({ id }) => id));
  run.check("ids are unique", `${uuids.size} of ${rows.length}`, uuids.size === rows.length);
  const inOrder = rows.every((row, at) => {
    const before = rows[at - 1];
    if (!before) return true;
    if (before.created_at === row.created_at) return before.id > row.id;
    return before.created_at > row.created_at;
  });
  run.check("the list is ordered by time and id", inOrder ? "it is" : "it is not", inOrder);
  const disordered = rows.filter((row) => {
    const stampMs = Number.parseInt(row.id.replaceAll("-", "").slice(0, 12), 16);
    return stampMs < Date.parse(row.created_at);
  });
  run.check(
    "no id is stamped before the call's own time",
    `${disordered.length} of ${rows.length}`,
    disordered.length === 0,
  );
  const lost = [...upstream.seen].filter((id) => !ids.includes(id));
  run.check(
    "each call is there, once",
    `${lost.length} lost, ${duplicates(ids)} duplicates`,
    lost.length + duplicates(ids) === 0,
  );
}
