/**
 * Memory that all open exchanges share. Taking never waits: who gets nothing does without.
 *
 * A team may take as much as there is room left, so that some is left for one that comes later; see `BacklogShares`.
 * Bounds: a number for each team that holds some.
 */
export interface Room {
  /** False when there is none. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export class Budget implements Room {
  readonly #maxBytes: number;
  readonly #byTeam = new Map<string, number>();
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

  /** What a team may have of it. */
  of(teamId: string): Room {
    return {
      take: (bytes) => this.#takeFor(teamId, bytes),
      give: (bytes) => this.#giveFor(teamId, bytes),
    };
  }

  #takeFor(teamId: string, bytes: number): boolean {
    const own = (this.#byTeam.get(teamId) ?? 0) + bytes;
    if (own > this.#maxBytes - this.#usedBytes) {
      this.#refusedBytes += bytes;
      return false;
    }
    this.#byTeam.set(teamId, own);
    this.#usedBytes += bytes;
    return true;
  }

  #giveFor(teamId: string, bytes: number): void {
    const left = (this.#byTeam.get(teamId) ?? 0) - bytes;
    if (left > 0) this.#byTeam.set(teamId, left);
    else this.#byTeam.delete(teamId);
    this.#usedBytes -= bytes;
  }
}
