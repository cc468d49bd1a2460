/**
 * Places on the network that an operator names, by address or by host: `10.0.0.0/8`, `mcp.internal`, `*.internal`.
 *
 * In: a list from the settings. Out: whether a host or an address is on it. `*.internal` stands for every name below
 * `internal`, not for `internal` itself.
 */
import { isRange, Ranges } from "./ranges.ts";

export class Destinations {
  readonly #ranges: Ranges;
  readonly #names: ReadonlySet<string>;
  /** With their dot: `.internal`. */
  readonly #suffixes: readonly string[];

  /** Text that is no destination is left out; `isDestination` tells beforehand. */
  constructor(texts: readonly string[]) {
    const names = texts.filter((text) => !isRange(text)).map((text) => text.toLowerCase());
    this.#ranges = new Ranges(texts);
    this.#names = new Set(names.filter((name) => !name.startsWith("*")));
    this.#suffixes = names.filter((name) => name.startsWith("*")).map((name) => name.slice(1));
  }

  /** True when an address may be on it whatever its name is. */
  get hasRanges(): boolean {
    return this.#ranges.size > 0;
  }

  hasAddress(address: string): boolean {
    return this.#ranges.has(address);
  }

  /** `host` in lower case, without the root's dot. */
  hasName(host: string): boolean {
    return this.#names.has(host) || this.#suffixes.some((suffix) => host.endsWith(suffix));
  }
}

const name =
  /^(?:\*\.)?(?=[a-z0-9.-]{1,253}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z][a-z0-9-]*$/i;

/** The last label of a name begins with a letter: what looks like a number is an address, or a mistake. */
export function isDestination(text: string): boolean {
  return isRange(text) || name.test(text);
}
