/**
 * Calls as bytes, many together: what waits for the store is out of the way of the garbage collector, which would copy
 * every object of every call twice in the tenth of a second that they wait under load.
 *
 * In: calls. Out: bytes that every thread of this process can read, and the calls again. The form is JSON: what `v8.serialize`
 * has written, it keeps until a collection of the whole heap (v8: `ValueSerializer::id_map_`). Bounds: the caller's.
 */
import type { Call } from "../call.ts";
import { free } from "../free.ts";

/** On the way to the store: one call, or the bytes of a parcel. */
export type Portion = Call | Uint8Array;

export class Parcel {
  /** How many calls. */
  readonly count: number;
  /** A JSON array, in UTF-8. */
  readonly bytes: Uint8Array;
  /** Where each call begins, and where the next would. */
  readonly #starts: readonly number[];
  #unreleased: number;

  constructor(calls: readonly Call[]) {
    this.count = calls.length;
    const texts = calls.map((call) => JSON.stringify(call));
    const text = `[${texts.join(",")}]`;
    // In memory of its own, which can be given back.
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    bytes.write(text);
    this.bytes = bytes;
    const isAscii = this.bytes.byteLength === text.length;
    const starts = [1];
    for (const one of texts)
      starts.push((starts.at(-1) ?? 1) + (isAscii ? one.length : Buffer.byteLength(one)) + 1);
    this.#starts = starts;
    this.#unreleased = calls.length;
  }

  /** The call at the place; those of one parcel are best asked for together. Not once all were released. */
  call(place: number): Call {
    if (read?.parcel !== this) read = { parcel: this, calls: toCalls([this.bytes]) };
    const call = read.calls[place];
    if (!call) throw new RangeError(`a parcel of ${this.count} calls has none at ${place}`);
    return call;
  }

  /** The JSON of the call at the place, in UTF-8; not once all were released. */
  json(place: number): Uint8Array {
    const [start, next] = [this.#starts[place], this.#starts[place + 1]];
    if (start === undefined || next === undefined || next > this.bytes.byteLength)
      throw new RangeError(`a parcel of ${this.count} calls has none at ${place}`);
    return this.bytes.subarray(start, next - 1);
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
    portion instanceof Uint8Array ? toManyCalls(portion) : [portion],
  );
}

function toManyCalls({ buffer, byteOffset, byteLength }: Uint8Array): readonly Call[] {
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as readonly Call[];
}
