/**
 * The product as its users run it: a process of its own, a port, a data directory, an API key.
 *
 * In: settings as environment variables. Out: URLs and the API. Guarantees: what it started and
 * wrote is gone after disposal; an error in the host's log, or an end that is not clean, fails
 * whoever disposes it; the log is shown beside a failing test.
 *
 * HOOKWATCH_TEST_DATA_PLANES runs every host with so many data planes, but those that are given a socket.
 * HOOKWATCH_TEST_PROGRAM names another program to test, such as a proxy that is broken on purpose.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { Api, type CallRow, type Filter, type ServerRow } from "./api.ts";
import { type HeldSocket, socketGiven } from "./held-socket.ts";
import { until, within } from "./until.ts";

export const program =
  process.env.HOOKWATCH_TEST_PROGRAM ??
  fileURLToPath(new URL("../../bin/hookwatch.cjs", import.meta.url));

const startMaxMs = 10_000;
/** Whoever was given its socket takes up to 6 s until no connection is used any more. */
const stopMaxMs = 20_000;
/** The promise of the product: a call is readable so long after its end at most. */
export const readableMs = 1_000;

export interface RigSetting {
  readonly environment?: Readonly<Record<string, string>>;
  /** Kept at disposal when given; otherwise a new one that is removed. */
  readonly dataDir?: string;
  readonly apiKey?: string;
  /** To listen on; it is there after the host, too. */
  readonly socket?: HeldSocket;
}

export interface Registered {
  readonly server: ServerRow;
  /** Where a client reaches the server through us. */
  readonly url: string;
}

export interface Rig extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly api: Api;
  readonly apiKey: string;
  readonly dataDir: string;
  /** From the start of the process to the line that says where it listens, milliseconds. */
  readonly startMs: number;
  /** Both streams of the host so far, in lines. */
  readonly output: readonly string[];
  register(targetUrl: string): Promise<Registered>;
  /** The calls that match, as soon as they are as wanted; newest first. */
  untilCalls(
    filter: Filter,
    accept: (calls: readonly CallRow[]) => boolean,
    deadlineMs?: number,
  ): Promise<readonly CallRow[]>;
  /** As a power failure would end it, children included. Resolves when it is gone. */
  kill(): Promise<void>;
}

export async function startRig(setting: RigSetting = {}): Promise<Rig> {
  const dataDir = setting.dataDir ?? (await mkdtemp(join(tmpdir(), "hookwatch-e2e-")));
  const apiKey = setting.apiKey ?? `test_${randomBytes(24).toString("hex")}`;
  const output: string[] = [];
  const startedMs = performance.now();
  const child = startHost(
    { HOOKWATCH_DATA_DIR: dataDir, HOOKWATCH_API_KEY: apiKey, ...setting.environment },
    setting.socket,
  );
  const exited = once(child, "exit");
  const url = await within("the host's start", startMaxMs, listening(child, output)).catch(
    async (cause: unknown) => {
      child.kill("SIGKILL");
      if (!setting.dataDir) await rm(dataDir, { recursive: true, force: true });
      throw new Error(`the host did not start:\n${output.join("\n")}`, { cause });
    },
  );
  const startMs = performance.now() - startedMs;
  const api = new Api(url, apiKey);
  let killed = false;
  return {
    url,
    port: Number(new URL(url).port),
    api,
    apiKey,
    dataDir,
    startMs,
    output,
    async register(targetUrl) {
      const server = await api.addServer("test server", targetUrl);
      return { server, url: `${url}/p/${server.slug}` };
    },
    untilCalls: (filter, accept, deadlineMs = readableMs) =>
      until("calls as wanted", deadlineMs, () => api.calls(filter), accept),
    async kill() {
      killed = true;
      // The group, lest a launcher dies and leaves the host behind.
      if (child.pid) process.kill(-child.pid, "SIGKILL");
      await exited;
    },
    async [Symbol.asyncDispose]() {
      if (!killed) await stop(child, exited, output);
      if (!setting.dataDir) await rm(dataDir, { recursive: true, force: true });
      const faults = output.filter(isFault);
      if (faults.length > 0) throw new Error(`the host logged errors:\n${faults.join("\n")}`);
    },
  };
}

/** The same on every machine, however many cores it has. */
const planesWanted = { HOOKWATCH_DATA_PLANES: process.env.HOOKWATCH_TEST_DATA_PLANES ?? "1" };

/** A host process in a group of its own, with nothing of the surrounding environment but the path. */
export function startHost(
  environment: Readonly<Record<string, string>>,
  socket?: HeldSocket,
  nodeFlags: readonly string[] = [],
): ChildProcess {
  return spawn(process.execPath, [...nodeFlags, program, "serve"], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...(socket ? [socket.fd] : [])],
    env: {
      PATH: process.env.PATH,
      HOOKWATCH_HOST: "127.0.0.1",
      HOOKWATCH_PORT: "0",
      HOOKWATCH_LOG_LEVEL: "info",
      ...(socket ? socketGiven : planesWanted),
      ...environment,
    },
  });
}

/**
 * One host for the file that calls it. Read it inside tests and hooks only.
 */
export function rigForFile(setting: RigSetting = {}): () => Rig {
  let rig: Rig | undefined;
  beforeAll(async () => {
    rig = await startRig(setting);
  });
  beforeEach(({ onTestFailed }) => {
    const from = rig?.output.length ?? 0;
    onTestFailed(() => console.error(`the host said:\n${rig?.output.slice(from).join("\n")}`));
  });
  afterAll(async () => {
    await rig?.[Symbol.asyncDispose]();
  });
  return () => {
    if (!rig) throw new Error("the host is started by beforeAll, and not before");
    return rig;
  };
}

function listening(child: ChildProcess, output: string[]): Promise<string> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("the host was started without its streams");
  createInterface(stderr).on("line", (line) => void output.push(line));
  return new Promise((resolve, reject) => {
    createInterface(stdout).on("line", (line) => {
      output.push(line);
      const url = /listening on (http:\/\/[^\s/]+)/.exec(line)?.[1];
      if (url) resolve(url);
    });
    child.once("exit", (code, signal) => reject(new Error(`it ended with ${code ?? signal}`)));
  });
}

async function stop(child: ChildProcess, exited: Promise<unknown[]>, output: readonly string[]) {
  child.kill("SIGTERM");
  const [code, signal] = await within("the host's end", stopMaxMs, exited).catch(
    (cause: unknown) => {
      if (child.pid) process.kill(-child.pid, "SIGKILL");
      throw new Error(`the host did not stop:\n${output.join("\n")}`, { cause });
    },
  );
  if (code !== 0) throw new Error(`the host ended with ${code ?? signal}:\n${output.join("\n")}`);
}

/** Log levels as words or as pino's numbers: 50 is `error`. */
function isFault(line: string): boolean {
  return /"level":\s*(?:"(?:error|fatal)"|[56]0)|unhandled(?:Rejection| rejection)|Uncaught/.test(
    line,
  );
}
