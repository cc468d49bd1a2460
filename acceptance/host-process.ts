/**
 * The product as its users run it, to be hurt: a process of its own, a port, a data directory.
 *
 * In: settings as environment variables. Out: its URL, its API, how and when it ended. Guarantees: it does
 * not outlive this process. HOOKWATCH_TEST_PROGRAM names another build to measure.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Api, type ServerRow } from "../test/e2e/api.ts";
import { type HeldSocket, socketGiven } from "../test/e2e/held-socket.ts";
import { until, within } from "../test/e2e/until.ts";
import { leaveNothing } from "./leftovers.ts";

const startMaxMs = 60_000;
const stopMaxMs = 30_000;
const outputMaxLines = 5_000;
export const apiKey = "acceptance-key-0123456789abcdef0123456789";

export interface HostSetting {
  readonly dataDir: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** `bin/hookwatch.cjs` of another build. */
  readonly program?: string;
  /** To listen on; it is there after the host, too. */
  readonly socket?: HeldSocket;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export class HostProcess implements AsyncDisposable {
  readonly url: string;
  readonly api: Api;
  readonly pid: number;
  /** From the start of the process to the first 200 of `/readyz`. */
  readonly readyMs: number;
  /** The newest lines of both streams. */
  readonly output: readonly string[];
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    facts: Pick<HostProcess, "url" | "readyMs" | "output" | "ended">,
  ) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.url = facts.url;
    this.api = new Api(facts.url, apiKey);
    this.readyMs = facts.readyMs;
    this.output = facts.output;
    this.ended = facts.ended;
  }

  static async start(setting: HostSetting): Promise<HostProcess> {
    const startedMs = performance.now();
    const { child, output, ended } = launch(setting);
    const gone = ended.then(({ code, signal }) => {
      throw new Error(`the host ended with ${code ?? signal}:\n${output.join("\n")}`);
    });
    const url = await within(
      "the host's start",
      startMaxMs,
      Promise.race([gone, listening(child)]),
    );
    await until(
      "readiness",
      startMaxMs,
      () => fetch(`${url}/readyz`).then(({ status }) => status),
      (status) => status === 200,
    );
    gone.catch(() => undefined);
    return new HostProcess(child, { url, readyMs: performance.now() - startedMs, output, ended });
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** As a power failure would end it. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** In good order. */
  async stop(): Promise<Ended> {
    this.#child.kill("SIGTERM");
    return await within("the host's end", stopMaxMs, this.ended).catch(async (cause: unknown) => {
      await this.kill();
      throw cause;
    });
  }

  /** Resident memory of the process, MiB. */
  rssMiB(): number {
    const [, kib] =
      /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8")) ?? [];
    return Number(kib ?? Number.NaN) / 1_024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.stop();
  }
}

/** Makes the data directory and a server in it; the host is gone when it resolves. */
export async function registerServer(dataDir: string, targetUrl: string): Promise<ServerRow> {
  await using host = await HostProcess.start({ dataDir });
  return await host.api.addServer("measured", targetUrl);
}

/** `bin/hookwatch.cjs` of the build that is measured. */
export function programPath(): string {
  const own = fileURLToPath(new URL("../bin/hookwatch.cjs", import.meta.url));
  return process.env.HOOKWATCH_TEST_PROGRAM ?? own;
}

/** What the program says of its commands, and of the settings of `serve`. */
export function readProgramHelp(): string {
  const help = (...args: readonly string[]) =>
    execFileSync(process.execPath, [programPath(), ...args], {
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });
  return `${help("help")}${help("serve", "--help")}`;
}

/** What a start that is not expected to succeed says and how it ends. */
export async function failedStart(
  setting: HostSetting,
): Promise<Ended & { readonly said: string }> {
  const { child, output, ended } = launch(setting);
  const how = await within("the host's end", startMaxMs, ended).catch(() => undefined);
  child.kill("SIGKILL");
  return { ...(how ?? { code: null, signal: null }), said: output.join("\n") };
}

/** Starts it and waits for nothing: for what happens to it while it starts. */
export function launch({ dataDir, environment, program, socket }: HostSetting): {
  readonly child: ChildProcess;
  readonly output: readonly string[];
  readonly ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [program ?? programPath(), "serve"], {
    stdio: ["ignore", "pipe", "pipe", ...(socket ? [socket.fd] : [])],
    env: {
      PATH: process.env.PATH,
      HOOKWATCH_HOST: "127.0.0.1",
      HOOKWATCH_PORT: "0",
      HOOKWATCH_DATA_DIR: dataDir,
      HOOKWATCH_API_KEY: apiKey,
      ...(socket && socketGiven),
      ...environment,
    },
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) throw new Error("the host was started without its streams");
    createInterface(stream).on("line", (line) => {
      output.push(line);
      if (output.length > outputMaxLines) output.shift();
    });
  }
  const gone = leaveNothing(() => child.kill("SIGKILL"));
  const ended = once(child, "exit").then(([code, signal]: (number | string | null)[]): Ended => {
    gone();
    return { code: code as number | null, signal: signal as string | null };
  });
  return { child, output, ended };
}

function listening(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  if (!stdout) throw new Error("the host was started without its streams");
  return new Promise((resolve) => {
    createInterface(stdout).on("line", (line) => {
      const [, url] = /listening on (http:\/\/[^\s/]+)/.exec(line) ?? [];
      if (url) resolve(url);
    });
  });
}
