/**
 * Collections for what comes and goes thousands of times a second, without keeping what is gone.
 *
 * A `Map` or a `Set` moves to another table each time its places are used up, and V8 lets the table before point at it.
 * Once such a table has grown old, which one collection of the whole heap sees to, each that follows outlives the
 * collections of young objects, with all that was in it when it was left: what lived for a millisecond waits for the next
 * collection of the whole heap. Measured with Node.js 24: 3 KB of each proxied call, and four times the cost of a map's turn.
 */

/** Where a `FleetingList` has it; the list's alone to write, and of one list at a time. */
export interface Placed {
  place: number;
}

/** A set in no particular order. */
export class FleetingList<Item extends Placed> implements Iterable<Item> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    item.place = this.#items.push(item) - 1;
  }

  /** False when it is not there. */
  delete(item: Placed): boolean {
    if (this.#items[item.place] !== item) return false;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      this.#items[item.place] = last;
      last.place = item.place;
    }
    return true;
  }

  /** Those that are there now; they may be deleted meanwhile. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.slice().values();
  }
}

/** As a `Map` does it, in the order of insertion. Keys are primitive: those of what is gone may be kept for a while. */
export class FleetingMap<Key extends string | number, Value extends object> {
  readonly #entries = new Map<Key, Entry<Value>>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    const entry = this.#entries.get(key);
    if (entry) entry.value = value;
    else this.#entries.set(key, { value });
  }

  /** False when there is none. */
  delete(key: Key): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    // An old table may have the entry still.
    entry.value = undefined;
    return this.#entries.delete(key);
  }

  *values(): Generator<Value> {
    for (const { value } of this.#entries.values()) if (value !== undefined) yield value;
  }

  *[Symbol.iterator](): Generator<readonly [Key, Value]> {
    for (const [key, { value }] of this.#entries) if (value !== undefined) yield [key, value];
  }
}

interface Entry<Value> {
  value: Value | undefined;
}
