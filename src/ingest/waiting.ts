/**
 * A call that waits for the store: as it came, or as bytes of a parcel (parcel.ts) once others have come with it.
 *
 * In: calls, one by one. Out: portions for the store. Bounds: those of a parcel.
 */
import type { Call } from "../call.ts";
import { Parcel, type Portion } from "./parcel.ts";

/** What is left in the heap of a call that waits as bytes. An estimate. */
const placeBytes = 128;
/** A parcel is made when calls come to as much; a call that is half of it is not packed. */
const parcelBytes = 262_144;

export interface Waiting {
  /** Read anew each time where it waits as bytes. */
  readonly call: Call;
  readonly shed: boolean;
  readonly bytes: number;
  /** When it was offered, monotonic. */
  readonly sinceMs: number;
  /** Where it waits as bytes: whose, and its place there. */
  readonly parcel?: Parcel | undefined;
  readonly place?: number;
}

export class WaitingCall implements Waiting {
  readonly shed: boolean;
  bytes: number;
  readonly sinceMs: number;
  parcel: Parcel | undefined;
  place = 0;
  #call: Call | undefined;

  constructor(call: Call, shed: boolean, bytes: number, sinceMs: number) {
    this.#call = call;
    this.shed = shed;
    this.bytes = bytes;
    this.sinceMs = sinceMs;
  }

  get call(): Call {
    const call = this.#call ?? this.parcel?.call(this.place);
    if (!call) throw new Error("a call that waits is neither here nor in a parcel");
    return call;
  }

  packInto(parcel: Parcel, place: number): void {
    this.parcel = parcel;
    this.place = place;
    this.bytes = placeBytes + parcel.lengthOf(place);
    this.#call = undefined;
  }
}

/** One that came as bytes. */
class PackedCall implements Waiting {
  readonly shed: boolean;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly parcel: Parcel;
  readonly place: number;

  constructor(packed: Packed, sinceMs: number, parcel: Parcel, place: number) {
    this.shed = packed.shed;
    this.bytes = packed.payload.byteLength;
    this.sinceMs = sinceMs;
    this.parcel = parcel;
    this.place = place;
  }

  get call(): Call {
    return this.parcel.call(this.place);
  }
}

/** A call as bytes (packed-call.ts), with its bodies unless it was `shed`. */
export interface Packed {
  readonly payload: Uint8Array;
  readonly shed: boolean;
}

/** In parcels of `callsMax`, in order; the bytes are copied. */
export function toWaiting(packed: readonly Packed[], sinceMs: number, callsMax: number): Waiting[] {
  const waiting: Waiting[] = [];
  for (let at = 0; at < packed.length; ) {
    const together = packed.slice(at, parcelEnd(packed, at, callsMax));
    const parcel = Parcel.ofPacked(together.map(({ payload }) => payload));
    for (const [place, one] of together.entries())
      waiting.push(new PackedCall(one, sinceMs, parcel, place));
    at += together.length;
  }
  return waiting;
}

/** Where the parcel ends that begins there; behind one call at least. */
function parcelEnd(packed: readonly Packed[], from: number, callsMax: number): number {
  let bytes = 0;
  let end = from;
  while (end < packed.length && end < from + callsMax && bytes < parcelBytes) {
    bytes += packed[end]?.payload.byteLength ?? 0;
    end += 1;
  }
  return end;
}

/** Packs calls with those that come next. */
export class Packer {
  readonly #callsMax: number;
  #loose: WaitingCall[] = [];
  #looseBytes = 0;

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
  }

  /** Gives how many bytes less wait than were counted before. */
  add(waiting: WaitingCall): number {
    if (waiting.bytes * 2 >= parcelBytes) return 0;
    this.#loose.push(waiting);
    this.#looseBytes += waiting.bytes;
    if (this.#loose.length < this.#callsMax && this.#looseBytes < parcelBytes) return 0;
    const loose = this.#loose;
    const looseBytes = this.#looseBytes;
    this.#loose = [];
    this.#looseBytes = 0;
    const parcel = Parcel.of(loose.map(({ call }) => call));
    // Text of three bytes a character, or that JSON has to escape, is larger there than what it counts for.
    if (parcel.bytes.byteLength + placeBytes * loose.length > looseBytes) return 0;
    for (const [place, one] of loose.entries()) one.packInto(parcel, place);
    return loose.reduce((left, { bytes }) => left - bytes, looseBytes);
  }

  /** They stay as they are. */
  leave(waiting: readonly Waiting[]): void {
    if (this.#loose.length === 0) return;
    const left = new Set(waiting);
    this.#loose = this.#loose.filter((one) => !left.has(one));
    this.#looseBytes = this.#loose.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** For the store: what waits as bytes and is here as a whole goes as bytes. */
export function toPortions(batch: readonly Waiting[]): readonly Portion[] {
  const portions: Portion[] = [];
  for (let at = 0; at < batch.length; ) {
    const parcel = wholeParcel(batch, at);
    const call = parcel ? undefined : batch[at]?.call;
    if (parcel) portions.push(parcel.bytes);
    else if (call) portions.push(call);
    at += parcel?.count ?? 1;
  }
  return portions;
}

/** The parcel whose calls all follow from there on, in order. */
function wholeParcel(batch: readonly Waiting[], from: number): Parcel | undefined {
  const parcel = batch[from]?.parcel;
  if (!parcel) return undefined;
  for (let place = 0; place < parcel.count; place += 1) {
    const one = batch[from + place];
    if (one?.parcel !== parcel || one.place !== place) return undefined;
  }
  return parcel;
}
