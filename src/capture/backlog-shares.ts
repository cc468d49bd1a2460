/**
 * Whose body bytes are on their way to the recorder, so that one team cannot take all the room there is.
 *
 * A team may have as many as there is room left: alone it gets half of all, and however many want more, there is some
 * left for one that comes later (dynamic thresholds, Choudhury and Hahne 1998). Slabs are acknowledged in order, by
 * their bytes. Bounds: a number for each team with bytes on their way, a list of those in each slab.
 */
interface Slab {
  readonly bytes: number;
  readonly byTeam: ReadonlyMap<string, number>;
}

export class BacklogShares {
  readonly #byTeam = new Map<string, number>();
  #current = new Map<string, number>();
  readonly #delivered: Slab[] = [];
  /** Acknowledged, and less than the oldest slab has. */
  #creditBytes = 0;

  /** True when the team has more than there is room left. */
  isOver(teamId: string, roomBytes: number): boolean {
    return (this.#byTeam.get(teamId) ?? 0) > roomBytes;
  }

  /** Bytes in the slab that is being written. */
  add(teamId: string, bytes: number): void {
    this.#current.set(teamId, (this.#current.get(teamId) ?? 0) + bytes);
    this.#byTeam.set(teamId, (this.#byTeam.get(teamId) ?? 0) + bytes);
  }

  /** The slab is on its way; the next one begins. */
  deliver(bytes: number): void {
    this.#delivered.push({ bytes, byTeam: this.#current });
    this.#current = new Map();
  }

  acknowledge(bytes: number): void {
    this.#creditBytes += bytes;
    for (;;) {
      const [oldest] = this.#delivered;
      if (!oldest || oldest.bytes > this.#creditBytes) break;
      this.#delivered.shift();
      this.#creditBytes -= oldest.bytes;
      for (const [teamId, own] of oldest.byTeam) this.#give(teamId, own);
    }
    // Nothing is on its way: what is left is of no slab.
    if (this.#delivered.length === 0) this.#creditBytes = 0;
  }

  #give(teamId: string, bytes: number): void {
    const left = (this.#byTeam.get(teamId) ?? 0) - bytes;
    if (left > 0) this.#byTeam.set(teamId, left);
    else this.#byTeam.delete(teamId);
  }
}
