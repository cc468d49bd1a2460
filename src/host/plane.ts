/**
 * A data plane beside the main thread: an edge, a forwarder and a writer of slabs of its own, on a socket of its own.
 *
 * In: connections; from the main thread servers and what teams may. Out: slabs and figures to the main thread, and what
 * is not the data plane's. It knows a server as soon as whoever changed it was answered: see `#find`. Waits for nobody.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { SlabWriter } from "../capture/slab.ts";
import { SlabTurn } from "../capture/slab-turn.ts";
import { systemClock } from "../clock.ts";
import { carrying } from "../edge/carrying.ts";
import { guarded } from "../edge/guard.ts";
import { type Listener, listen } from "../edge/listener.ts";
import { planes } from "../edge/planes.ts";
import type { CallRefusal } from "../proxy/admission.ts";
import { Directory } from "../proxy/directory.ts";
import { Forwarder } from "../proxy/forwarder.ts";
import type { Target } from "../proxy/target.ts";
import type { Log } from "../telemetry.ts";
import { DurableWaits } from "./durable-waits.ts";
import { isOwnAmong } from "./founding.ts";
import { memoryBudget, wholeCallsMaxBytes } from "./memory-budget.ts";
import { networkOf } from "./network.ts";
import { vitalPaths } from "./own-pages.ts";
import {
  type FromPlane,
  flagOf,
  type PlaneLoss,
  type PlaneStart,
  type PlaneStats,
  type ServerNews,
  type ToPlane,
} from "./plane-messages.ts";
import { connectionsShare } from "./plane-shares.ts";
import { TeamCounts } from "./team-counts.ts";

/** How often the main thread is told what has come together. */
const newsMs = 250;

export class Plane {
  readonly #start: PlaneStart;
  readonly #port: MessagePort;
  readonly #log: Log;
  readonly #flags: Int32Array;
  readonly #directory = new Directory();
  readonly #waits: DurableWaits;
  readonly #counts: TeamCounts | undefined;
  readonly #news: NodeJS.Timeout;
  #turn = new SlabTurn();
  #slabs: SlabWriter;
  #forwarder: Forwarder;
  #listener: Listener | undefined;
  #servers: MessagePort | undefined;
  /** Of the changes of servers that were read. */
  #serversRead = 0;
  #refusals: ReadonlyMap<string, CallRefusal> = new Map();
  #begun = new Map<string, number>();
  #losses = new Map<string, PlaneLoss>();

  constructor(start: PlaneStart, port: MessagePort, log: Log) {
    const { counts, row, flags } = start;
    this.#start = start;
    this.#port = port;
    this.#log = log;
    this.#flags = new Int32Array(flags);
    this.#counts = counts && new TeamCounts(row, counts);
    this.#waits = new DurableWaits((barrier) => {
      this.#slabs.flush();
      this.#post({ barrier });
      return true;
    });
    this.#slabs = this.#openSlabs();
    this.#forwarder = this.#openForwarder();
    this.#news = setInterval(() => this.#tell(), newsMs);
  }

  take({ begin, consumed, passed, refusals }: ToPlane): void {
    if (begin) this.#begin(begin.servers, begin.turn);
    if (consumed !== undefined) this.#slabs.consumed(consumed);
    if (passed !== undefined) this.#waits.passed(passed);
    if (refusals) this.#refusals = refusals;
  }

  /** Accepts from now on. @throws Problem — as `listen`. */
  async serve(): Promise<void> {
    const { config, address, port } = this.#start;
    const network = networkOf(config);
    const toMain = carrying((far, client) =>
      this.#port.postMessage({ far, address: client }, [far]),
    );
    const { handle: forward, handleMetadata } = this.#forwarder;
    const all = planes({ "/p/": forward, "/.well-known/": handleMetadata }, toMain);
    this.#listener = await listen({
      ...config,
      host: address,
      port,
      connectionsPerClientMax: connectionsShare(config),
      listeners: config.dataPlanes,
      isListenedOn: true,
      handle: guarded(config, all),
      handleOrdinary: guarded(config, forward),
      isShared: (client) => network.trustedProxies.has(client),
      vital: vitalPaths,
    });
  }

  stats(): PlaneStats {
    const edge = this.#listener?.stats() ?? { openConnections: 0, refusedConnections: 0 };
    return { edge, proxy: this.#forwarder.stats(), slabs: this.#slabs.stats() };
  }

  async retire(): Promise<void> {
    await this.#listener?.retire();
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all([this.#listener?.close(graceMs), this.#forwarder.drain(graceMs)]);
  }

  /** Tells the main thread what is left. */
  async finish(): Promise<void> {
    clearInterval(this.#news);
    await this.close(0);
    await this.#forwarder[Symbol.asyncDispose]();
    this.#waits[Symbol.dispose]();
    this.#slabs[Symbol.dispose]();
    this.#servers?.close();
    this.#tell();
  }

  #begin(servers: MessagePort, turn: SharedArrayBuffer): void {
    this.#turn = new SlabTurn(turn);
    this.#slabs[Symbol.dispose]();
    this.#slabs = this.#openSlabs();
    this.#servers = servers;
    servers.on("message", (news: ServerNews) => this.#learn(news));
  }

  #openSlabs(): SlabWriter {
    const turn = this.#turn;
    return new SlabWriter(
      (slab) => {
        const deliveredMs = systemClock.monotonicMs();
        const { exchangesSeen } = this.#slabs.stats();
        const told = { slab, number: turn.ending, deliveredMs };
        this.#port.postMessage({ slab: told, exchangesSeen } satisfies FromPlane, [slab.buffer]);
      },
      {
        clock: systemClock,
        turn,
        backlogMaxBytes: memoryBudget.backlogMaxBytes,
        waitingMaxBytes: wholeCallsMaxBytes,
        waitingBytes: () => Atomics.load(this.#flags, flagOf.waitingKiB) * 1_024,
        onLoss: (whose, kind, reason) => {
          const key = `${whose.serverId}/${kind}/${reason}`;
          const calls = (this.#losses.get(key)?.calls ?? 0) + 1;
          this.#losses.set(key, { whose, kind, reason, calls });
        },
      },
    );
  }

  #openForwarder(): Forwarder {
    const { config, address, port, url: publicUrl, endpointKey, keys } = this.#start;
    const network = networkOf(config);
    network.egress.recognise({ address, port, publicUrl });
    return new Forwarder(
      (slug) => this.#find(slug),
      (opening) => this.#slabs.watch(opening),
      {
        ...config,
        ...network,
        clock: systemClock,
        log: this.#log,
        endpointKey,
        mayBegin: () => config.strictLogging === "0" || this.#hasRoom(),
        ...(config.durableCalls === "1" && { durable: () => this.#waits.wait() }),
        mayCall: ({ teamId }) => this.#refusal(teamId),
        isOwnCredential: (text) => isOwnAmong(keys, text),
        otherPlanes: this.#counts,
      },
    );
  }

  /** The main thread sends a change before it counts it, and counts it before it answers who asked for it. */
  #find(slug: string): Target | undefined {
    const changes = Atomics.load(this.#flags, flagOf.servers);
    if (changes !== this.#serversRead && this.#servers) {
      this.#serversRead = changes;
      for (;;) {
        const sent = receiveMessageOnPort(this.#servers);
        if (!sent) break;
        this.#learn(sent.message as ServerNews);
      }
    }
    return this.#directory.find(slug);
  }

  #learn({ kind, server, place }: ServerNews): void {
    this.#counts?.learn(server.teamId, place);
    if (kind === "present") this.#directory.put(server);
    else this.#directory.remove(server);
    this.#forwarder.dropServer(server.id);
  }

  #hasRoom(): boolean {
    return Atomics.load(this.#flags, flagOf.room) !== 0 && !this.#slabs.crowded;
  }

  #refusal(teamId: string): CallRefusal | undefined {
    const refusal = this.#refusals.get(teamId);
    if (!refusal) this.#begun.set(teamId, (this.#begun.get(teamId) ?? 0) + 1);
    return refusal;
  }

  #tell(): void {
    const [begun, losses] = [this.#begun, [...this.#losses.values()]];
    this.#begun = new Map();
    this.#losses = new Map();
    this.#post({ news: { stats: this.stats(), begun, losses } });
  }

  #post(message: FromPlane): void {
    this.#port.postMessage(message);
  }
}
