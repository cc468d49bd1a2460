/** Memory that all open exchanges share. Taking never waits: who gets nothing does without. */
export class Budget {
  readonly #maxBytes: number;
  #usedBytes = 0;
  #refusedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes that were asked for and not granted, since the start. */
  get refusedBytes(): number {
    return this.#refusedBytes;
  }

  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#maxBytes) {
      this.#refusedBytes += bytes;
      return false;
    }
    this.#usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
