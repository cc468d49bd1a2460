/**
 * Whose turn it is: long work shares a thread, a few pieces at once and the teams one after the other, so that
 * one team's searches never make another's wait for all of them.
 *
 * In: pieces of work that yield now and then. Out: their results. What is aborted while it waits is never
 * begun. Bounds: `atOnceMax` at work; how many may wait is for whoever hands them in.
 */
export class Turns {
  readonly #atOnceMax: number;
  #atWork = 0;
  /** By team, those whose turn is longest ago first; no empty queues. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  async run<Value>(
    teamId: string,
    work: () => Promise<Value>,
    signal?: AbortSignal,
  ): Promise<Value> {
    signal?.throwIfAborted();
    if (this.#atWork >= this.#atOnceMax) await this.#turn(teamId, signal);
    else this.#atWork += 1;
    try {
      return await work();
    } finally {
      this.#atWork -= 1;
      this.#next();
    }
  }

  #turn(teamId: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(teamId) ?? new Set();
      const onAbort = () => {
        queue.delete(begin);
        if (queue.size === 0) this.#waiting.delete(teamId);
        reject(signal?.reason);
      };
      const begin = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      queue.add(begin);
      this.#waiting.set(teamId, queue);
    });
  }

  #next(): void {
    for (const [teamId, queue] of this.#waiting) {
      this.#waiting.delete(teamId);
      const [begin, ...rest] = queue;
      if (!begin) continue;
      queue.delete(begin);
      if (rest.length > 0) this.#waiting.set(teamId, queue);
      this.#atWork += 1;
      begin();
      return;
    }
  }
}
