/**
 * Who waits until what was offered so far is durable, in order of time.
 *
 * Bounds: as many as are asked for; who asks bounds them.
 */
interface Barrier {
  readonly atMs: number;
  readonly pass: () => void;
}

export class Barriers {
  #waiting: Barrier[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** Resolves when nothing that was offered up to then is volatile any more. */
  wait(atMs: number): Promise<void> {
    return new Promise((pass) => this.#waiting.push({ atMs, pass }));
  }

  /** Lets pass whom the oldest call that is not durable does not concern; undefined: there is none. */
  pass(oldestMs: number | undefined): void {
    const still = this.#waiting.findIndex(({ atMs }) => oldestMs !== undefined && oldestMs <= atMs);
    const passing = this.#waiting.splice(0, still < 0 ? this.#waiting.length : still);
    for (const { pass } of passing) pass();
  }
}
