/**
 * Slabs that wait to be read, so that reading them leaves the event loop its turns.
 *
 * A port hands over up to 1,000 messages in one turn (node: src/node_messaging.cc, `MessagePort::OnMessage`), which are
 * 250 MiB of slabs: what the store and the disk answer would wait for all of them, and calls would pile up meanwhile.
 * In: slabs and what is to happen between them, in order. Out: the same, at most `sliceMs` of them and one more in a turn.
 * Bounds: none of its own; who sends slabs counts those that were not read.
 */
import type { Clock } from "../clock.ts";

/** A slab of 256 KiB takes some milliseconds. */
const sliceMs = 5;

type Slab = Uint8Array<ArrayBuffer>;

export class SlabQueue {
  readonly #read: (slab: Slab) => void;
  readonly #clock: Clock;
  readonly #waiting: (Slab | (() => void))[] = [];
  #turn: NodeJS.Immediate | undefined;

  /** `read` MUST NOT throw. */
  constructor(read: (slab: Slab) => void, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  put(slab: Slab): void {
    this.#add(slab);
  }

  /** Resolves when everything put so far was read. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.#add(resolve));
  }

  #add(one: Slab | (() => void)): void {
    this.#waiting.push(one);
    this.#turn ??= setImmediate(() => this.#take());
  }

  #take(): void {
    const untilMs = this.#clock.monotonicMs() + sliceMs;
    let taken = 0;
    while (taken < this.#waiting.length) {
      const one = this.#waiting[taken];
      taken += 1;
      if (typeof one === "function") one();
      else if (one) this.#read(one);
      // Who was waited for is heard before what comes behind.
      if (typeof one === "function" || this.#clock.monotonicMs() > untilMs) break;
    }
    this.#waiting.splice(0, taken);
    this.#turn = this.#waiting.length > 0 ? setImmediate(() => this.#take()) : undefined;
  }
}
