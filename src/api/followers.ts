/**
 * Those who follow the log live: what is new for them, and when to look.
 *
 * In: `wake`, by whoever knows that calls were stored; each second, the log itself, because other hosts write
 * to it, too. Out: batches of events, ready to send. Guarantees: whoever looks again after each change
 * misses nothing, and all who stand at the same place with the same filter share one query. Bounds: 500
 * streams, 250 of one team, 20 calls a batch; what looks for changes does so less often the more queries follow.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Caller } from "../caller.ts";
import { type Clock, systemClock } from "../clock.ts";
import { Problem } from "../problem.ts";
import type { ArrivalsQuery, CallLog } from "../store/call-log.ts";
import { SharedReads } from "./shared-reads.ts";
import { Slots } from "./slots.ts";
import { previewFor } from "./to-wire-call.ts";

export interface FollowersOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Between two looks at a log that nobody said has changed. */
  readonly pollMs: number;
}

export const followersDefaults: FollowersOptions = { clock: systemClock, pollMs: 1_000 };

/** Events of calls that arrived one after the other. */
export interface Batch {
  /** UTF-8; empty when there is none. */
  readonly events: Uint8Array;
  /** Where the next batch begins; the same as `after` at the end of the log. */
  readonly next: string;
}

const limits = { hostMax: 500, teamMax: 250 };
const callsPerBatch = 20;
const deliveriesPerTurn = 10;
/** Between two looks: as long as it may take, at a guess, to answer the queries that the last one led to. */
const spacing = { minMs: 25, maxMs: 500, perQueryMs: 1 };

export class Followers implements Disposable {
  readonly #log: Pick<CallLog, "arrivals">;
  readonly #options: FollowersOptions;
  readonly #slots = new Slots("streams", limits);
  readonly #batches = new SharedReads<Batch>();
  readonly #waiting = new Set<() => void>();
  /** Where the log ended at the last look, by team. */
  readonly #ends = new Map<string, string>();
  #changes = 0;
  /** In this turn of the event loop. */
  #delivered = 0;
  #lookedAtMs = -Infinity;
  /** Since the last look. */
  #queries = 0;
  #looking = false;
  #lookAgain = false;
  #later: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(log: Pick<CallLog, "arrivals">, options: FollowersOptions = followersDefaults) {
    this.#log = log;
    this.#options = options;
  }

  /** True once the host stops: streams end after the event they are at. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Grows with every change; read it before looking, and wait for the next one after it. */
  get changes(): number {
    return this.#changes;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#slots.taken;
  }

  /**
   * Takes a stream's place; what is returned gives it back.
   *
   * @throws Problem `rate_limited`, `unavailable` — there are too many already, or the host stops.
   */
  join(teamId: string): () => void {
    if (this.#ended) throw new Problem("unavailable", "the host stops; try again in a moment");
    const leave = this.#slots.take(teamId);
    this.#poll ??= setInterval(() => void this.#look(), this.#options.pollMs);
    return () => {
      leave();
      if (this.#slots.taken === 0) this.#rest();
    };
  }

  /** @throws Problem — as `CallLog.arrivals`. */
  async batch(
    { teamId, scopes }: Pick<Caller, "teamId" | "scopes">,
    query: Pick<ArrivalsQuery, "filter" | "after" | "bodyMaxLength">,
    signal: AbortSignal,
  ): Promise<Batch> {
    const asked = { ...query, limit: callsPerBatch };
    const read = (all: AbortSignal) => this.#read({ teamId, scopes }, asked, all);
    // Who sees as much of the same calls shares their events.
    const shared = JSON.stringify([teamId, [...scopes].sort(), query]);
    const batch = await this.#batches.read(shared, read, signal);
    if (batch.events.length > 0) await this.#delivery();
    return batch;
  }

  /** Whether that is where the log ended at the last look: what came since is a change to come. */
  isEnd(teamId: string, position: string): boolean {
    return this.#ends.get(teamId) === position;
  }

  /** Resolves at the next change after `seen`, at the end, after `maxMs`, or when the signal is raised. */
  async change(seen: number, maxMs: number, signal: AbortSignal): Promise<void> {
    if (seen !== this.#changes || this.#ended || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = setTimeout(resolve, maxMs);
    const leave = () => resolve();
    signal.addEventListener("abort", leave, { once: true });
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    signal.removeEventListener("abort", leave);
    clearTimeout(late);
  }

  /** Calls were stored. May be called as often as one likes. */
  wake(): void {
    if (this.#later || this.#slots.taken === 0 || this.#ended) return;
    const { minMs, maxMs, perQueryMs } = spacing;
    const spacedMs = Math.min(maxMs, Math.max(minMs, this.#queries * perQueryMs));
    const waitMs = this.#lookedAtMs + spacedMs - this.#options.clock.monotonicMs();
    this.#later = setTimeout(
      () => {
        this.#later = undefined;
        void this.#look();
      },
      Math.max(0, waitMs),
    );
  }

  /** Ends every stream after the event it is at; new ones are refused. */
  end(): void {
    this.#ended = true;
    this.#rest();
    this.#change();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  /** Exchanges run in the same thread: they get their turn between some streams and the next. */
  async #delivery(): Promise<void> {
    while (this.#delivered >= deliveriesPerTurn) await turn();
    if (this.#delivered === 0) {
      setImmediate(() => {
        this.#delivered = 0;
      });
    }
    this.#delivered += 1;
  }

  async #read(
    { teamId, scopes }: Pick<Caller, "teamId" | "scopes">,
    query: ArrivalsQuery,
    signal: AbortSignal,
  ): Promise<Batch> {
    this.#queries += 1;
    const view = previewFor({ scopes });
    const { arrivals, next } = await this.#log.arrivals(teamId, query, signal);
    const events = arrivals.map(
      ({ position, call }) =>
        `id: ${position}\nevent: call\ndata: ${JSON.stringify(view(call))}\n\n`,
    );
    return { events: Buffer.from(events.join("")), next };
  }

  #change(): void {
    this.#changes += 1;
    for (const resolve of this.#waiting) resolve();
  }

  #rest(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#later);
    this.#poll = undefined;
    this.#later = undefined;
    this.#ends.clear();
  }

  async #look(): Promise<void> {
    this.#lookAgain = this.#looking;
    if (this.#looking) return;
    this.#looking = true;
    do {
      this.#lookAgain = false;
      this.#lookedAtMs = this.#options.clock.monotonicMs();
      this.#queries = 0;
      const teams = this.#slots.teams();
      for (const known of this.#ends.keys()) if (!teams.includes(known)) this.#ends.delete(known);
      const moved = await Promise.all(teams.map((teamId) => this.#hasMoved(teamId)));
      if (moved.includes(true)) this.#change();
    } while (this.#lookAgain);
    this.#looking = false;
  }

  /** Whether the log of the team ends elsewhere than at the last look. */
  async #hasMoved(teamId: string): Promise<boolean> {
    try {
      this.#queries += 1;
      const { next } = await this.#log.arrivals(teamId, { filter: {}, limit: 1 });
      if (this.isEnd(teamId, next)) return false;
      this.#ends.set(teamId, next);
      return true;
    } catch (cause) {
      // Away for a moment: the next poll asks again. Whatever else it is meets the streams themselves.
      return !(cause instanceof Problem && cause.code === "unavailable");
    }
  }
}
