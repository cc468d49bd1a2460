/** Orders load: of `wrk` where it is installed and can do it, else of a process of ours. */
import { type ChildProcess, execFile, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { leaveNothing } from "../../acceptance/leftovers.ts";
import { exchangeOf, type Kind } from "./bodies.ts";
import type { Contender } from "./contender.ts";
import type { LoadOrder, LoadResult } from "./load-process.ts";
import { type Cores, isInstalled, pinned } from "./machine.ts";

const run = promisify(execFile);

export interface Demand {
  readonly kind: Kind;
  readonly connections: number;
  readonly forMs: number;
  /** Large bodies come faster than they are redacted and stored; absent: no limit. */
  readonly countMax?: number;
  readonly perSecond?: number;
}

/** As clients of MCP send it. */
export function requestHead(contender: Contender, path: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${contender.port}\r\n${requestFields
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}${contender.head}`;
}

/** Of every request. */
export const requestFields = [
  ["Content-Type", "application/json"],
  ["Accept", "application/json, text/event-stream"],
  ["User-Agent", "claude-code/2.3.1"],
  ["MCP-Protocol-Version", "2025-11-25"],
] as const;

export class Load {
  readonly what: string;
  readonly #folder: string;
  readonly #cores: Cores | undefined;
  readonly #child: ChildProcess;
  readonly #withWrk = isInstalled("wrk");

  constructor(folder: string, cores: Cores | undefined) {
    this.#folder = folder;
    this.#cores = cores;
    this.what = this.#withWrk
      ? "wrk, for rates, large bodies and MCP servers a process of ours"
      : "a process of ours (wrk is not installed)";
    this.#child = fork(new URL("./load-process.ts", import.meta.url).pathname);
    if (cores) spawnSync("taskset", ["-a", "-p", "-c", cores.rest, String(this.#child.pid)]);
    leaveNothing(() => this.#child.kill("SIGKILL"));
  }

  async send(contender: Contender, demand: Demand): Promise<LoadResult> {
    const path = contender.path(demand.kind);
    if (path === undefined) throw new Error(`${contender.name} cannot pass ${demand.kind}`);
    const { perSecond, countMax } = demand;
    const byWrk = this.#withWrk && !contender.withIds && perSecond === undefined;
    if (byWrk && countMax === undefined) return this.#wrk(contender, path, demand);
    const order: LoadOrder = {
      port: contender.port,
      head: requestHead(contender, path),
      body: exchangeOf(demand.kind).request,
      withIds: contender.withIds,
      connections: demand.connections,
      forMs: demand.forMs,
      countMax: countMax ?? Number.POSITIVE_INFINITY,
      ...(perSecond !== undefined && { perSecond }),
    };
    this.#child.send({ ...order, countMax: Math.min(order.countMax, 1e9) });
    const [result] = (await once(this.#child, "message")) as [LoadResult & { error?: string }];
    if (result.error) throw new Error(`${contender.name}: ${result.error}`);
    return result;
  }

  end(): void {
    this.#child.kill();
  }

  async #wrk(contender: Contender, path: string, demand: Demand): Promise<LoadResult> {
    const { kind, connections, forMs } = demand;
    const script = join(this.#folder, `${kind}.lua`);
    const headers = requestFields.map(([name, value]) => `wrk.headers["${name}"] = "${value}"`);
    writeFileSync(join(this.#folder, `${kind}.body`), exchangeOf(kind).request);
    writeFileSync(
      script,
      `wrk.method = "POST"
wrk.body = io.open("${this.#folder}/${kind}.body"):read("*a")
${headers.join("\n")}
done = function(s)
  local e = s.errors
  io.write(string.format('RESULT {"count":%d,"ms":%f,"failed":%d}\\n', s.requests, s.duration / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`,
    );
    const seconds = Math.max(1, Math.round(forMs / 1_000));
    const url = `http://127.0.0.1:${contender.port}${path}`;
    const [program = "", ...args] = pinned(this.#cores?.rest, [
      "wrk",
      "-t1",
      `-c${connections}`,
      `-d${seconds}s`,
      "-s",
      script,
      url,
    ]);
    const { stdout } = await run(program, args);
    const [, json] = /^RESULT (.*)$/m.exec(stdout) ?? [];
    if (!json) throw new Error(`wrk said no result: ${stdout}`);
    return { ...(JSON.parse(json) as Omit<LoadResult, "latenciesMs">), latenciesMs: [] };
  }
}
