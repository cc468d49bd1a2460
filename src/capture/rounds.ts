/**
 * Rounds of one call (2026-07-28): a server that needs more input answers `input_required`, and its
 * client asks the same again under a new id, with `inputResponses` and the `requestState` it was given.
 *
 * In: answers that ask for more, and requests that may go on from one. Out: the logical id of a request
 * that does. Links only what is beyond doubt: by server, session, method, name and state; where several
 * calls were given one state, or none, also by who asks; else not at all. States are credentials: what is
 * remembered of them is a keyed digest. Times are of the clock of exchanges.
 *
 * Bounds: `roundsMax` rounds, `roundsPerStateMax` of one state, the oldest given up first; a state is
 * remembered for `stateMaxAgeMs`, a round without one for `statelessMaxAgeMs`.
 */
import type { Seal } from "./seal.ts";

const roundsPerStateMax = 32;
const stateMaxAgeMs = 24 * 3_600_000;
const statelessMaxAgeMs = 10 * 60_000;

/** Who asks what, and when. */
export interface Asking {
  readonly serverId: string;
  /** "" outside of sessions. */
  readonly scopeKey: string;
  readonly method: string;
  /** The tool, prompt or resource; "" for none. */
  readonly name: string;
  /** Whatever tells one client from another: address, name, credentials. */
  readonly client: string;
  readonly atMs: number;
}

interface Round {
  readonly logicalId: string;
  readonly client: string;
  readonly atMs: number;
  /** Some request went on from it. */
  continued: boolean;
}

export class Rounds {
  readonly #seal: Seal;
  readonly #max: number;
  /** By digest of state, or of client; the least recently given first. */
  readonly #byKey = new Map<string, Round[]>();
  #size = 0;
  #evicted = 0;

  constructor(seal: Seal, roundsMax: number) {
    this.#seal = seal;
    this.#max = roundsMax;
  }

  get size(): number {
    return this.#size;
  }

  get evicted(): number {
    return this.#evicted;
  }

  /** A round of the call `logicalId` was answered with `input_required`. */
  await(asking: Asking, state: string | undefined, logicalId: string): void {
    const key = this.#keyOf(asking, state);
    const others = (this.#byKey.get(key) ?? []).filter((round) => round.logicalId !== logicalId);
    const client = this.#seal.digest(asking.client);
    const round = { logicalId, client, atMs: asking.atMs, continued: false };
    const kept = [...others.slice(1 - roundsPerStateMax), round];
    this.#remove(key);
    this.#byKey.set(key, kept);
    this.#size += kept.length;
    while (this.#size > this.#max) {
      const [oldest] = this.#byKey.keys();
      if (oldest === undefined) return;
      this.#evicted += this.#remove(oldest);
    }
  }

  /** The logical id of the call that this request goes on with; undefined for none, or in doubt. */
  find(asking: Asking, state: string | undefined): string | undefined {
    const rounds = this.#byKey.get(this.#keyOf(asking, state)) ?? [];
    const maxAgeMs = state === undefined ? statelessMaxAgeMs : stateMaxAgeMs;
    const young = rounds.filter(({ atMs }) => asking.atMs - atMs <= maxAgeMs);
    const waiting = young.filter(({ continued }) => !continued);
    // A client may send one round twice; without a state nothing tells that from another call.
    const candidates = waiting.length > 0 || state === undefined ? waiting : young;
    const client = this.#seal.digest(asking.client);
    const own = candidates.filter((candidate) => candidate.client === client);
    const [round] = candidates.length === 1 ? candidates : own.length === 1 ? own : [];
    if (!round) return undefined;
    round.continued = true;
    return round.logicalId;
  }

  #keyOf({ serverId, scopeKey, method, name, client }: Asking, state: string | undefined): string {
    const parts = [serverId, scopeKey, method, name, state === undefined ? { client } : state];
    return this.#seal.digest(JSON.stringify(parts));
  }

  #remove(key: string): number {
    const removed = this.#byKey.get(key)?.length ?? 0;
    this.#byKey.delete(key);
    this.#size -= removed;
    return removed;
  }
}
