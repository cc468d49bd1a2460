/**
 * Q24: whatever is done to the host, nothing in it goes wrong that it did not foresee: no rejection that nobody handles,
 * no thread or process that ends, no line on stderr that is not one of its own and explained.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Api } from "../test/e2e/api.ts";
import { until, within } from "../test/e2e/until.ts";
import { abuse, startBroken, startPatient } from "./abuses.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { difference, readAccount, readFigures, shown } from "./figures.ts";
import { apiKey, launch } from "./host-process.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { SteadyLoad } from "./steady-load.ts";

const startMaxMs = 60_000;
const stopMaxMs = 30_000;
const perSecond = 20;

/** What the host has reason to say on stderr while it is mistreated and stopped. */
const explained: readonly RegExp[] = [
  /^shutting down$/,
  /^the recorder is closed$/,
  /^a sign-in failed, nobody has that address$/,
  /^the system cannot let this thread give way to the others$/,
  /^the (?:registry|calls) database /,
];

/** Bugs, each of which is counted where it is met. */
const faultCounters = [
  "hookwatch_recorder_deaths_total",
  "hookwatch_writer_deaths_total",
  "hookwatch_reader_deaths_total",
  "hookwatch_capture_faults_total",
  "hookwatch_capture_torn_slabs_total",
  "hookwatch_witness_faults_total",
] as const;

export async function errorBudget(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 600, 30, "seconds");
  await using scratch = await makeScratch("budget");
  await using upstream = await startEchoUpstream();
  await using broken = await startBroken();
  await using patient = await startPatient();
  const { child, output, ended } = launch({ dataDir: scratch.path });
  const errors: string[] = [];
  if (child.stderr) createInterface(child.stderr).on("line", (line) => errors.push(line));
  const url = await until(
    "the host's start",
    startMaxMs,
    async () =>
      output.map((line) => /listening on (http:\/\/[^\s/]+)/.exec(line)?.[1]).find(Boolean),
    (found) => found !== undefined,
  );
  if (url === undefined) throw new Error("the host said no address");
  const api = new Api(url, apiKey);
  const proxied = async (name: string, targetUrl: string) =>
    `${url}/p/${(await api.addServer(name, targetUrl)).slug}`;
  const wellUrl = await proxied("well", upstream.url);
  const patientUrl = await proxied("patient", patient.url);
  const brokenUrl = await proxied("broken", broken.url);
  const load = new SteadyLoad(wellUrl, { perSecond });
  const stop = new AbortController();
  const abusing = abuse({ url, api, patientUrl, brokenUrl }, stop.signal);
  await sleep(seconds * 1_000);
  stop.abort();
  const rounds = await abusing;
  run.note(
    Object.entries(rounds)
      .map(([name, count]) => `${count} × ${name}`)
      .join(", "),
  );
  const calls = await load.stop();
  const failed = calls.filter(({ failure }) => failure !== undefined);
  run.check(
    "those who behave are served meanwhile",
    `${failed.length} of ${calls.length} failed${failed[0] ? `, the first: ${failed[0].failure}` : ""}`,
    failed.length === 0 && calls.length > 0,
  );
  const { exitCode, signalCode } = child;
  const isRunning = exitCode === null && signalCode === null;
  const state = isRunning ? "it runs" : `it ended with ${exitCode ?? signalCode}`;
  run.check("the process runs until it is told to stop", state, isRunning);
  if (isRunning) {
    await checkFigures(run, url);
    // Told amid traffic that it must end, too.
    const last = new SteadyLoad(wellUrl, { perSecond });
    await sleep(500);
    child.kill("SIGTERM");
    const how = await within("the host's end", stopMaxMs, ended);
    await last.stop();
    run.check("it then ends with 0", `${how.code ?? how.signal}`, how.code === 0);
  }
  checkErrors(run, errors);
}

async function checkFigures(run: Run, url: string): Promise<void> {
  const settled = await until(
    "the log to catch up",
    60_000,
    () => readAccount(url),
    ({ pending }) => pending === 0,
  );
  run.check(
    "Q13 accepted = stored + shed + discarded + pending + dropped",
    `difference ${difference(settled)} (${shown(settled)})`,
    difference(settled) === 0,
  );
  const figures = await readFigures(url);
  const counted = faultCounters.map((name) => [name, figures.get(name)] as const);
  run.check(
    "no thread has died, no bug was met",
    counted.map(([name, count]) => `${name.slice(10)} ${count}`).join(", "),
    counted.every(([, count]) => count === 0),
  );
}

function checkErrors(run: Run, errors: readonly string[]): void {
  const unexplained = errors.filter((line) => !isExplained(line));
  run.check(
    "nothing on stderr is unexplained",
    `${unexplained.length} of ${errors.length} lines${unexplained
      .map((line) => `\n         ${line.slice(0, 300)}`)
      .slice(0, 10)
      .join("")}`,
    unexplained.length === 0 && errors.length > 0,
  );
}

/** A line of the log, below the level of errors, whose message is known. */
function isExplained(line: string): boolean {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    const isQuiet = level === "debug" || level === "info" || level === "warn";
    return isQuiet && explained.some((message) => message.test(String(msg)));
  } catch {
    return false;
  }
}
