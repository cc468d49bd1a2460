/**
 * Whether a thread is writing a slab, as another thread sees it that reads the slabs of several in order of time.
 *
 * One number in shared memory, written by one thread alone and without a lock: odd while records wait in a slab that
 * is not delivered, even else; it grows with each slab, and each slab is delivered with the number that its end will
 * have. Whoever reads the clock, then an even number, and has every slab up to it, knows that whatever comes is younger.
 */
export class SlabTurn {
  readonly memory: SharedArrayBuffer;
  readonly #number: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#number = new Int32Array(memory);
  }

  /** The first record of a slab is about to be written. */
  begin(): void {
    const now = this.#read();
    if ((now & 1) === 0) Atomics.store(this.#number, 0, (now + 1) | 0);
  }

  /** Its slab has been delivered. */
  end(): void {
    Atomics.store(this.#number, 0, this.ending);
  }

  /** What the end of the slab that is being delivered will make it. */
  get ending(): number {
    return ((this.#read() | 1) + 1) | 0;
  }

  /** The slab with that number was the last, and no other has begun. */
  isOverAfter(number: number): boolean {
    return this.#read() === number;
  }

  /** Of a slab whose reader begins only now. */
  get latest(): number {
    return this.#read() & ~1;
  }

  #read(): number {
    return Atomics.load(this.#number, 0);
  }
}
