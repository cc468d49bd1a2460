/**
 * One read for all who ask the same at the same time: two hundred dashboards that follow the same log cost one
 * query, not two hundred.
 *
 * Guarantees: whoever leaves waits no more, and the read itself ends when the last one has left; its
 * outcome is not kept. Bounds: as many reads as there are readers.
 */

interface Shared<Value> {
  readonly value: Promise<Value>;
  readonly controller: AbortController;
  readers: number;
}

export class SharedReads<Value> {
  readonly #open = new Map<string, Shared<Value>>();

  /** `key` says what is asked; `start` is called unless the same is being read already. */
  async read(
    key: string,
    start: (signal: AbortSignal) => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value> {
    signal.throwIfAborted();
    const shared = this.#open.get(key) ?? this.#start(key, start);
    shared.readers += 1;
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([shared.value, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
      shared.readers -= 1;
      if (shared.readers === 0) {
        shared.controller.abort();
        if (this.#open.get(key) === shared) this.#open.delete(key);
      }
    }
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<Value>): Shared<Value> {
    const controller = new AbortController();
    const shared = { value: start(controller.signal), controller, readers: 0 };
    this.#open.set(key, shared);
    const forget = () => {
      if (this.#open.get(key) === shared) this.#open.delete(key);
    };
    shared.value.then(forget, forget);
    return shared;
  }
}
