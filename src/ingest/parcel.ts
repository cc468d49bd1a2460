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

  private constructor(bytes: Uint8Array, lengths: readonly number[]) {
    this.bytes = bytes;
    this.count = lengths.length;
    this.#unreleased = lengths.length;
    const starts = [1];
    for (const length of lengths) starts.push((starts.at(-1) ?? 1) + length + 1);
    this.#starts = starts;
  }

  static of(calls: readonly Call[]): Parcel {
    const texts = calls.map((call) => JSON.stringify(call));
    const text = `[${texts.join(",")}]`;
    // In memory of its own, which can be given back.
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    bytes.write(text);
    const isAscii = bytes.byteLength === text.length;
    const lengths = texts.map((one) => (isAscii ? one.length : Buffer.byteLength(one)));
    return new Parcel(bytes, lengths);
  }

  /** Of calls that are JSON in UTF-8 already. */
  static ofJson(calls: readonly Uint8Array[]): Parcel {
    const lengths = calls.map(({ byteLength }) => byteLength);
    const bytes = Buffer.allocUnsafeSlow(lengths.reduce((sum, length) => sum + length + 1, 1));
    bytes.fill("[", 0, 1);
    let at = 1;
    for (const call of calls) {
      bytes.set(call, at);
      at += call.byteLength + 1;
      bytes.fill(",", at - 1, at);
    }
    bytes.fill("]", bytes.length - 1);
    return new Parcel(bytes, lengths);
  }

  /** The call at the place, read anew each time; not once all were released. */
  call(place: number): Call {
    const { buffer, byteOffset, byteLength } = this.json(place);
    return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as Call;
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
    if (this.#unreleased === 0) free(this.bytes);
  }
}

/** The calls of all portions, in order. */
export function toCalls(portions: readonly Portion[]): readonly Call[] {
  return portions.flatMap((portion) =>
    portion instanceof Uint8Array ? toManyCalls(portion) : [portion],
  );
}

function toManyCalls({ buffer, byteOffset, byteLength }: Uint8Array): readonly Call[] {
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as readonly Call[];
}
