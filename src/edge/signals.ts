/**
 * Listeners of one exchange's objects: a handful that live for a millisecond, for which Node's `EventEmitter` makes more
 * objects than there are listeners.
 *
 * In: listeners. Out: calls of them, in the order they came. Those that come or go while one is called do what they do with
 * Node's, but for one that comes for the very event: it is called, too. Holds what listens.
 */
export type Listener = (...args: never[]) => void;

interface Entry<Event extends string> {
  readonly event: Event;
  readonly listener: Listener;
  readonly isOnce: boolean;
  isGone: boolean;
  next: Entry<Event> | undefined;
}

export class Signals<Event extends string> {
  #first: Entry<Event> | undefined;

  on(event: Event, listener: Listener): this {
    this.#add(event, listener, false);
    return this;
  }

  once(event: Event, listener: Listener): this {
    this.#add(event, listener, true);
    return this;
  }

  off(event: Event, listener: Listener): this {
    for (let entry = this.#first; entry; entry = entry.next) {
      if (entry.event !== event || entry.listener !== listener) continue;
      this.#remove(entry);
      break;
    }
    return this;
  }

  emit(event: Event, chunk?: Buffer): void {
    for (let entry = this.#first; entry; entry = entry.next) {
      if (entry.event !== event || entry.isGone) continue;
      if (entry.isOnce) this.#remove(entry);
      (entry.listener as (chunk: Buffer | undefined) => void)(chunk);
    }
  }

  #add(event: Event, listener: Listener, isOnce: boolean): void {
    const added = { event, listener, isOnce, isGone: false, next: undefined };
    let last = this.#first;
    if (last === undefined) {
      this.#first = added;
      return;
    }
    while (last.next) last = last.next;
    last.next = added;
  }

  /** Leads on to those behind it, for one who stands on it. */
  #remove(gone: Entry<Event>): void {
    gone.isGone = true;
    if (this.#first === gone) {
      this.#first = gone.next;
      return;
    }
    for (let entry = this.#first; entry; entry = entry.next) {
      if (entry.next === gone) entry.next = gone.next;
    }
  }
}
