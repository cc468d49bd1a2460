/** A wait that can be cut short. One at a time. */
export class Rest {
  #over: (() => void) | undefined;
  #ended = false;

  /** Returns at once when `end` was called before. */
  async take(durationMs: number): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.cut(), durationMs);
      this.#over = () => {
        clearTimeout(timer);
        this.#over = undefined;
        resolve();
      };
    });
  }

  cut(): void {
    this.#over?.();
  }

  /** Cuts this one and all to come. */
  end(): void {
    this.#ended = true;
    this.cut();
  }
}

/** Waits for the promise, but not for longer than that. Never rejects. */
export async function within(durationMs: number, work: Promise<unknown>): Promise<void> {
  const rest = new Rest();
  await Promise.race([work.catch(() => undefined), rest.take(durationMs)]);
  rest.cut();
}
