/**
 * Identifiers: ordered ones for rows, unguessable ones for capabilities.
 *
 * Row ids are UUIDv7, increasing within one process even inside a millisecond;
 * `crypto.randomUUIDv7` is not, and lists are ordered by `(time, id)`.
 */
import { randomBytes, randomFillSync } from "node:crypto";
import { uuidv7, V7Generator } from "uuidv7";

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const slugAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
const slugLength = 26;

/** A new UUIDv7 in lower case, stamped with the present. */
export function newId(): string {
  return uuidv7();
}

/** UUIDv7 ids stamped with a given time (epoch milliseconds) instead of the present. */
export function idsByTime(): (atMs: number) => string {
  const generator = new V7Generator(new PooledRandom());
  // A stamp up to ten seconds behind the newest keeps counting on from the newest.
  return (atMs) => generator.generateOrResetCore(atMs, 10_000).toString();
}

/** Of the system, asked for seldom: asking costs more than an id. */
class PooledRandom {
  readonly #pool = new Uint32Array(512);
  #next = this.#pool.length;

  nextUint32(): number {
    if (this.#next === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#next = 0;
    }
    const number = this.#pool[this.#next] ?? 0;
    this.#next += 1;
    return number;
  }
}

/** True for any UUID in lower-case text form, whatever its version. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/**
 * A server's slug: 26 characters of 5 bits from a CSPRNG, 130 bits in all, so that
 * the proxy URL is a capability nobody can guess.
 */
export function newSlug(): string {
  let slug = "";
  for (const byte of randomBytes(slugLength)) slug += slugAlphabet.charAt(byte & 31);
  return slug;
}

/** True for text that could be a slug of ours; says nothing about whether it was issued. */
export function isSlug(text: string): boolean {
  return /^[a-z0-9]{22,64}$/.test(text);
}
