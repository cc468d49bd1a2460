/**
 * Named things that happen once: a tool began, a request was aborted. The side that sees it
 * raises it, the test waits for it, in either order.
 */
import { within } from "./until.ts";

export class Signals {
  readonly #byName = new Map<string, PromiseWithResolvers<unknown>>();

  raise(name: string, value?: unknown): void {
    this.#signal(name).resolve(value);
  }

  wait(name: string, deadlineMs = 5_000): Promise<unknown> {
    return within(`the signal "${name}"`, deadlineMs, this.#signal(name).promise);
  }

  #signal(name: string): PromiseWithResolvers<unknown> {
    const known = this.#byName.get(name);
    if (known) return known;
    const made = Promise.withResolvers<unknown>();
    this.#byName.set(name, made);
    return made;
  }
}
