/**
 * Calls waiting for the store, oldest first, bounded in number and in bytes.
 *
 * Whole calls enter up to three quarters of the byte limit; the rest of it is for calls without their bodies,
 * so that rows outlast bodies. What fits neither way does not enter. What is there already stays as it
 * is: the newest pays. Calls that were taken count until they are released: somebody still holds them.
 * Where many come, they wait as bytes (parcel.ts).
 */
import { type Call, withoutBodies } from "../call.ts";
import { Packer, type Waiting, WaitingCall } from "./waiting.ts";

/** What a call's ids, numbers and objects cost. An estimate, on the safe side. */
const callOverheadBytes = 1_024;
export const wholeCallsShare = 0.75;

export interface QueueLimits {
  readonly callsMax: number;
  readonly bytesMax: number;
  /** A parcel has no more calls. */
  readonly parcelCallsMax: number;
}

export type Admission = "whole" | "without_bodies" | "refused";

export interface Room {
  readonly calls: number;
  /** As `bytesOf` counts them. */
  readonly bytes: number;
}

export class CallQueue {
  readonly #callsMax: number;
  readonly #bytesMax: number;
  #waiting: Waiting[] = [];
  readonly #packer: Packer;
  #heldCalls = 0;
  #heldBytes = 0;

  constructor(limits: QueueLimits) {
    this.#callsMax = limits.callsMax;
    this.#bytesMax = limits.bytesMax;
    this.#packer = new Packer(limits.parcelCallsMax);
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** When the oldest that waits was offered; undefined when none does. */
  get oldestMs(): number | undefined {
    return this.#waiting[0]?.sinceMs;
  }

  /** What waits takes so much memory, as far as is known. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get moreThanHalfFull(): boolean {
    return this.#heldCalls * 2 > this.#callsMax || this.#heldBytes * 2 > this.#bytesMax;
  }

  /** What can still be offered and kept whole. */
  get room(): Room {
    const bytes = this.#bytesMax * wholeCallsShare - this.#heldBytes;
    return { calls: this.#callsMax - this.#heldCalls, bytes };
  }

  offer(call: Call, sinceMs: number): Admission {
    if (this.#heldCalls >= this.#callsMax) return "refused";
    const shed = this.#heldBytes + bytesOf(call) > this.#bytesMax * wholeCallsShare;
    const kept = shed ? withoutBodies(call) : call;
    const bytes = bytesOf(kept);
    if (this.#heldBytes + bytes > this.#bytesMax) return "refused";
    const queued = new WaitingCall(kept, shed, bytes, sinceMs);
    this.#waiting.push(queued);
    this.#heldCalls += 1;
    this.#heldBytes += bytes - this.#packer.add(queued);
    return shed ? "without_bodies" : "whole";
  }

  /** The oldest, at most `callsMax` of them and, but for the first, `bytesMax`. To be released or put back. */
  take(callsMax: number, bytesMax: number): readonly Waiting[] {
    const taken = this.#waiting.splice(0, batchLength(this.#waiting, callsMax, bytesMax));
    this.#packer.leave(taken);
    return taken;
  }

  /** In their place: batches may come back in another order. */
  putBack(waiting: readonly Waiting[]): void {
    const all = [...waiting, ...this.#waiting];
    this.#waiting = all.sort((one, other) => one.sinceMs - other.sinceMs);
  }

  /** Nobody asks for what they are any more. */
  release(waiting: readonly Waiting[]): void {
    this.discount(waiting);
    for (const { parcel } of waiting) parcel?.release();
  }

  /** They take no room any more, though somebody may still ask for what they are. */
  discount(waiting: readonly Waiting[]): void {
    this.#heldCalls -= waiting.length;
    for (const { bytes } of waiting) this.#heldBytes -= bytes;
  }
}

/** How many of the first make one batch; one at least. */
function batchLength(waiting: readonly Waiting[], callsMax: number, bytesMax: number): number {
  const most = Math.min(waiting.length, callsMax);
  let bytes = 0;
  for (let length = 0; length < most; length += 1) {
    bytes += waiting[length]?.bytes ?? 0;
    if (bytes > bytesMax) return atParcel(waiting, Math.max(1, length));
  }
  return atParcel(waiting, most);
}

/** As long, or to the end of the last whole parcel before. */
function atParcel(waiting: readonly Waiting[], length: number): number {
  const { parcel, place = 0 } = waiting[length] ?? {};
  const isAmid = parcel !== undefined && waiting[length - 1]?.parcel === parcel;
  return isAmid && place < length ? length - place : length;
}

/** Text of the log is mostly ASCII, which V8 keeps at a byte a character; other text at two. */
export function bytesOf(call: Call): number {
  const { requestBody, responseBody, errorMessage, method, toolName, headers, messages } = call;
  let characters = requestBody.length + responseBody.length + errorMessage.length;
  characters += method.length + toolName.length;
  for (const name in headers) characters += name.length + (headers[name]?.length ?? 0);
  for (const { body } of messages) characters += body.length;
  return callOverheadBytes + characters * 2;
}
