/**
 * Answers that wait until their calls are durable, on the main thread.
 *
 * In: waits, and what the recorder says. Out: barriers, behind the slabs that hold what is waited for, one for all
 * waits of a turn of the event loop. Guarantees: every wait ends, and none in an error. Bounds: `waitMaxMs`; as
 * many waits as exchanges.
 */

/** A disk that has not synced for so long may never do it; the answer goes out all the same. */
const waitMaxMs = 10_000;

interface Group {
  readonly over: Promise<void>;
  readonly end: () => void;
  answers: number;
  timer?: NodeJS.Timeout;
}

export class DurableWaits implements Disposable {
  readonly #send: (barrier: number) => boolean;
  readonly #waitMaxMs: number;
  readonly #open = new Map<number, Group>();
  #gathering: Group | undefined;
  #barriers = 0;
  #givenUp = 0;

  /** `send`: false when there is no recorder. */
  constructor(send: (barrier: number) => boolean, maxMs = waitMaxMs) {
    this.#send = send;
    this.#waitMaxMs = maxMs;
  }

  /** Answers that ended though their call was not known to be durable. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** Resolves when what was seen so far is durable, or the wait was given up. */
  wait(): Promise<void> {
    const group = this.#gathering ?? this.#begin();
    group.answers += 1;
    return group.over;
  }

  /** The recorder says that what was before the barrier is durable. */
  passed(barrier: number): void {
    const group = this.#open.get(barrier);
    if (!group) return;
    clearTimeout(group.timer);
    this.#open.delete(barrier);
    group.end();
  }

  /** Nobody will say so any more: the recorder is gone, and with it what it had. */
  giveUp(): void {
    for (const barrier of [...this.#open.keys()]) this.#giveUpOn(barrier);
  }

  [Symbol.dispose](): void {
    this.giveUp();
  }

  #begin(): Group {
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#gathering = { over, end, answers: 0 };
    setImmediate(() => this.#close());
    return this.#gathering;
  }

  #close(): void {
    const group = this.#gathering;
    this.#gathering = undefined;
    if (!group) return;
    this.#barriers += 1;
    const barrier = this.#barriers;
    this.#open.set(barrier, group);
    group.timer = setTimeout(() => this.#giveUpOn(barrier), this.#waitMaxMs);
    if (!this.#send(barrier)) this.#giveUpOn(barrier);
  }

  #giveUpOn(barrier: number): void {
    this.#givenUp += this.#open.get(barrier)?.answers ?? 0;
    this.passed(barrier);
  }
}
