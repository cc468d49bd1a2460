/**
 * A value outside of React that components follow.
 *
 * Guarantees: `useLive` renders again exactly when `set` was given another value.
 */
import { useSyncExternalStore } from "react";

export class LiveValue<Value> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  readonly get = (): Value => this.#value;

  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export function useLive<Value>(live: LiveValue<Value>): Value {
  return useSyncExternalStore(live.subscribe, live.get);
}
