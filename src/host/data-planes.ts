/**
 * The data planes beside the main thread, which is one itself: as many as the settings say, less one.
 *
 * In: servers as the registry tells them, what plans allow. Out: exchanges and losses to those who count them, figures
 * over all planes. Where there is one plane, there are none of these, and nothing is done for them.
 */
import type { Server } from "../server.ts";
import type { ServerChange } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";
import { PlaneKeeper, type PlaneKeeperOptions } from "./plane-keeper.ts";
import {
  flagOf,
  type PlaneNews,
  type PlaneStart,
  type PlaneStats,
  type ServerNews,
} from "./plane-messages.ts";
import { addStats } from "./plane-stats.ts";
import type { PlanUsage } from "./plans-usage.ts";
import type { Recorder } from "./recorder.ts";
import type { TeamCounts } from "./team-counts.ts";
import type { Thread } from "./thread.ts";

/** How often planes are told what they may not, and whether there is room. */
const tellMs = 100;

export interface DataPlanesOptions extends Pick<PlaneKeeperOptions, "carried"> {
  readonly recorder: Pick<Recorder, "join" | "hasRoom" | "waitingBytes" | "lose">;
  readonly usage: Pick<PlanUsage, "noteElsewhere" | "refusals">;
  readonly counts: TeamCounts | undefined;
  readonly log: Log;
}

export class DataPlanes implements AsyncDisposable {
  readonly #options: DataPlanesOptions;
  readonly #memory = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  readonly #flags = new Int32Array(this.#memory);
  readonly #servers = new Map<string, Server>();
  #planes: readonly PlaneKeeper[] = [];
  #telling: NodeJS.Timeout | undefined;
  #toldRefusals = 0;
  #exchanges: Readonly<Record<string, number>> = {};

  constructor(options: DataPlanesOptions) {
    this.#options = options;
  }

  /** Starts them. @throws Problem — one cannot listen. */
  async open(start: Omit<PlaneStart, "row" | "flags" | "counts">): Promise<void> {
    const { counts, recorder, usage, carried, log } = this.#options;
    this.#noteRoom();
    this.#planes = Array.from({ length: start.config.dataPlanes - 1 }, (_, at) => {
      const row = at + 1;
      return new PlaneKeeper({
        start: { ...start, row, flags: this.#memory, counts: counts?.memory },
        recorder,
        carried,
        servers: () => [...this.#servers.values()].map((server) => this.#news("present", server)),
        onNews: (news) => this.#onNews(news),
        onDeath: () => counts?.clear(row),
        log,
      });
    });
    const opened = await Promise.allSettled(this.#planes.map((plane) => plane.open()));
    const failed = opened.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
    this.#telling = setInterval(() => this.#tell(usage), tellMs).unref();
  }

  /** The count of changes is the last: who reads it finds the change. */
  learn({ kind, server }: ServerChange): void {
    if (kind === "present") this.#servers.set(server.id, server);
    else this.#servers.delete(server.id);
    const news = this.#news(kind, server);
    for (const plane of this.#planes) plane.learn(news);
    Atomics.add(this.#flags, flagOf.servers, 1);
  }

  /** Those of the main thread and of all others. */
  async withStats(own: PlaneStats): Promise<PlaneStats> {
    const others = await Promise.all(this.#planes.map((plane) => plane.stats()));
    const all = [own, ...others];
    this.#exchanges = Object.fromEntries(all.map((stats, row) => [`${row + 1}`, ended(stats)]));
    return others.reduce<PlaneStats>((sum, each) => (each ? addStats(sum, each) : sum), own);
  }

  /** That have ended, by the number of their plane; as of the last `withStats`. */
  get exchanges(): Readonly<Record<string, number>> {
    return this.#exchanges;
  }

  get threads(): readonly Thread[] {
    return this.#planes.map(({ thread }) => thread);
  }

  /** Milliseconds, by the names of the threads. */
  get busyMs(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.threads.map(({ busyMs }, at) => [`plane_${at + 2}`, busyMs]));
  }

  get deaths(): number {
    return this.threads.reduce((sum, { deaths }) => sum + deaths, 0);
  }

  async retire(): Promise<void> {
    await Promise.all(this.#planes.map((plane) => plane.retire()));
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#planes.map((plane) => plane.close(graceMs)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#telling);
    await Promise.all(this.#planes.map((plane) => plane[Symbol.asyncDispose]()));
  }

  #news(kind: ServerNews["kind"], server: Server): ServerNews {
    return { kind, server, place: this.#options.counts?.placeOf(server.teamId) ?? 0 };
  }

  #onNews({ begun, losses }: PlaneNews): void {
    const { usage, recorder } = this.#options;
    for (const [teamId, calls] of begun) usage.noteElsewhere(teamId, calls);
    for (const { whose, kind, reason, calls } of losses) recorder.lose(whose, kind, reason, calls);
  }

  #tell(usage: DataPlanesOptions["usage"]): void {
    this.#noteRoom();
    const refusals = usage.refusals();
    if (refusals.size === 0 && this.#toldRefusals === 0) return;
    this.#toldRefusals = refusals.size;
    for (const plane of this.#planes) plane.tell({ refusals });
  }

  #noteRoom(): void {
    const { hasRoom, waitingBytes } = this.#options.recorder;
    Atomics.store(this.#flags, flagOf.room, hasRoom ? 1 : 0);
    Atomics.store(this.#flags, flagOf.waitingKiB, waitingBytes / 1_024);
  }
}

function ended(stats: PlaneStats | undefined): number {
  return stats ? Object.values(stats.proxy.exchanges).reduce((sum, each) => sum + each, 0) : 0;
}
