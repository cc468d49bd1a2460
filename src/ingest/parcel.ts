/**
 * Calls as bytes, many together: what waits for the store is out of the way of the garbage collector, which would copy
 * every object of every call twice in the tenth of a second that they wait under load.
 *
 * In: calls. Out: bytes that every thread of this process can read, and the calls again. The form is V8's structured
 * clone, so it is none for files. Bounds: the caller's.
 */
import { deserialize, serialize } from "node:v8";
import type { Call } from "../call.ts";
import { free } from "../free.ts";

/** On the way to the store: one call, or the bytes of a parcel. */
export type Portion = Call | Uint8Array;

export class Parcel {
  /** How many calls. */
  readonly count: number;
  readonly bytes: Uint8Array;
  #unreleased: number;

  constructor(calls: readonly Call[]) {
    this.count = calls.length;
    this.bytes = serialize(calls);
    this.#unreleased = calls.length;
  }

  /** The call at the place; those of one parcel are best asked for together. Not once all were released. */
  call(place: number): Call {
    if (read?.parcel !== this) read = { parcel: this, calls: toCalls([this.bytes]) };
    const call = read.calls[place];
    if (!call) throw new RangeError(`a parcel of ${this.count} calls has none at ${place}`);
    return call;
  }

  /** One of its calls is not needed any more; when none is, the bytes are given back. */
  release(): void {
    this.#unreleased -= 1;
    if (this.#unreleased > 0) return;
    if (read?.parcel === this) read = undefined;
    free(this.bytes);
  }
}

/** The parcel that was read last: its calls are asked for one after the other. */
let read: { readonly parcel: Parcel; readonly calls: readonly Call[] } | undefined;

/** The calls of all portions, in order. */
export function toCalls(portions: readonly Portion[]): readonly Call[] {
  return portions.flatMap((portion) =>
    portion instanceof Uint8Array ? (deserialize(portion) as readonly Call[]) : [portion],
  );
}
