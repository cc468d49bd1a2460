/**
 * Calls as bytes, many together: what waits for the store is out of the way of the garbage collector, which would copy
 * every object of every call twice in the tenth of a second that they wait under load.
 *
 * In: calls. Out: bytes that every thread of this process can read, and the calls again. The form is that of packed-call.ts:
 * what `v8.serialize` has written, it keeps until a collection of the whole heap (v8: `ValueSerializer::id_map_`).
 * Bounds: the caller's.
 */
import type { Call } from "../call.ts";
import { free } from "../free.ts";
import { packCalls, unpackCall, unpackCalls } from "./packed-call.ts";

/** On the way to the store: one call, or the bytes of a parcel. */
export type Portion = Call | Uint8Array;

export class Parcel {
  /** How many calls. */
  readonly count: number;
  /** Packed calls, end to end. */
  readonly bytes: Uint8Array;
  /** Where each call begins, and where the last ends. */
  readonly #starts: readonly number[];
  #unreleased: number;

  private constructor(bytes: Uint8Array, lengths: readonly number[]) {
    this.bytes = bytes;
    this.count = lengths.length;
    this.#unreleased = lengths.length;
    const starts = [0];
    for (const length of lengths) starts.push((starts.at(-1) ?? 0) + length);
    this.#starts = starts;
  }

  static of(calls: readonly Call[]): Parcel {
    const { bytes, lengths } = packCalls(calls);
    return new Parcel(bytes, lengths);
  }

  /** Of calls that are packed already. */
  static ofPacked(calls: readonly Uint8Array[]): Parcel {
    const lengths = calls.map(({ byteLength }) => byteLength);
    // In memory of its own, which can be given back.
    const bytes = Buffer.allocUnsafeSlow(lengths.reduce((sum, length) => sum + length, 0));
    let at = 0;
    for (const call of calls) {
      bytes.set(call, at);
      at += call.byteLength;
    }
    return new Parcel(bytes, lengths);
  }

  /** The call at the place, read anew each time; not once all were released. */
  call(place: number): Call {
    return unpackCall(this.packed(place));
  }

  /** Bytes of the call at the place. */
  lengthOf(place: number): number {
    return (this.#starts[place + 1] ?? 0) - (this.#starts[place] ?? 0);
  }

  /** The bytes of the call at the place; not once all were released. */
  packed(place: number): Uint8Array {
    const [start, end] = [this.#starts[place], this.#starts[place + 1]];
    if (start === undefined || end === undefined || end > this.bytes.byteLength)
      throw new RangeError(`a parcel of ${this.count} calls has none at ${place}`);
    return this.bytes.subarray(start, end);
  }

  /** One of its calls is not needed any more; when none is, the bytes are given back. */
  release(): void {
    this.#unreleased -= 1;
    if (this.#unreleased === 0) free(this.bytes);
  }
}

/** The calls of all portions, in order; each read when its turn comes, and anew each time, so that few are about at once. */
export function toCalls(portions: readonly Portion[]): Iterable<Call> {
  return {
    *[Symbol.iterator]() {
      for (const portion of portions) {
        if (portion instanceof Uint8Array) yield* unpackCalls(portion);
        else yield portion;
      }
    },
  };
}
