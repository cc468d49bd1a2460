/**
 * How many exchanges each team has open on each data plane: numbers in memory that all of them read, and each
 * writes its own row of, so that nothing is locked. Two planes that let in an exchange of one team at the same moment
 * may both take its last place: the limit is exceeded by one for each other plane at most, for as long as that lasts.
 *
 * Places are given to teams by the main thread. Bounds: `teamsMax` places, 4 bytes each on each plane; of more teams
 * some share one.
 */
import type { OtherPlanes } from "../proxy/admission.ts";

export const teamsMax = 262_144;

export class TeamCounts implements OtherPlanes {
  readonly memory: SharedArrayBuffer;
  readonly #counts: Int32Array;
  readonly #row: number;
  readonly #places = new Map<string, number>();
  readonly #teams: number;

  /** `row`: of this plane, from 0. */
  constructor(row: number, memory: SharedArrayBuffer, teams = teamsMax) {
    this.memory = memory;
    this.#counts = new Int32Array(memory);
    this.#row = row;
    this.#teams = teams;
  }

  static memoryFor(planes: number, teams = teamsMax): SharedArrayBuffer {
    return new SharedArrayBuffer(planes * teams * Int32Array.BYTES_PER_ELEMENT);
  }

  /** The team's place; given to it now, if it has none. */
  placeOf(teamId: string): number {
    const known = this.#places.get(teamId);
    if (known !== undefined) return known;
    const place = this.#places.size % this.#teams;
    this.#places.set(teamId, place);
    return place;
  }

  /** As the main thread gave it. */
  learn(teamId: string, place: number): void {
    this.#places.set(teamId, place);
  }

  openThere(teamId: string): number {
    const place = this.#places.get(teamId);
    if (place === undefined) return 0;
    let open = 0;
    for (let at = place; at < this.#counts.length; at += this.#teams) {
      if (at !== place + this.#row * this.#teams) open += Atomics.load(this.#counts, at);
    }
    return open;
  }

  openHere(teamId: string, exchanges: number): void {
    const place = this.#places.get(teamId);
    if (place !== undefined)
      Atomics.store(this.#counts, place + this.#row * this.#teams, exchanges);
  }

  /** The plane is gone, and its exchanges with it. */
  clear(row: number): void {
    this.#counts.fill(0, row * this.#teams, (row + 1) * this.#teams);
  }
}
