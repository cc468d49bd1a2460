/**
 * How much the spill may still write: up to a limit of its own, and never into the last tenth of the disk,
 * which the log and everybody else on it need.
 *
 * The last quarter of the room is for calls without their bodies, so that rows outlast bodies.
 * Looks at the disk once a second at most, and never waits for it.
 */
import { type StatsFs, statfsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import type { Clock } from "../clock.ts";

export type SpillAdmission = "whole" | "without_bodies" | "none";

const lookAgainMs = 1_000;
const wholeCallsShare = 0.75;

export class SpillRoom {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #freeShareMin: number;
  readonly #clock: Clock;
  /** What the disk had to spare when it was looked at. */
  #spareBytes: number;
  #writtenBytes = 0;
  #lookedAtMs: number;
  #looking = false;

  /** @throws — the folder is not there. */
  constructor(folder: string, limits: { maxBytes: number; freeShareMin: number }, clock: Clock) {
    this.#folder = folder;
    this.#maxBytes = limits.maxBytes;
    this.#freeShareMin = limits.freeShareMin;
    this.#clock = clock;
    this.#spareBytes = this.#spareOf(statfsSync(folder));
    this.#lookedAtMs = clock.monotonicMs();
  }

  /** For `bytes` more, where `usedBytes` are written. */
  admit(bytes: number, usedBytes: number): SpillAdmission {
    if (this.#clock.monotonicMs() - this.#lookedAtMs > lookAgainMs) void this.#look();
    const spare = this.#spareBytes - this.#writtenBytes;
    const room = Math.max(0, Math.min(this.#maxBytes - usedBytes, spare));
    if (bytes > room) return "none";
    const forRows = (usedBytes + room) * (1 - wholeCallsShare);
    return room - bytes >= forRows ? "whole" : "without_bodies";
  }

  written(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const before = this.#writtenBytes;
      this.#spareBytes = this.#spareOf(await statfs(this.#folder));
      this.#writtenBytes -= before;
    } catch {
      // A disk that cannot be asked is not trusted with more.
      this.#spareBytes = 0;
    } finally {
      this.#lookedAtMs = this.#clock.monotonicMs();
      this.#looking = false;
    }
  }

  #spareOf({ bsize, bavail, blocks }: StatsFs): number {
    return bsize * (bavail - blocks * this.#freeShareMin);
  }
}
