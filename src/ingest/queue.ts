/**
 * Calls waiting for the store, oldest first, bounded in number and in bytes.
 *
 * Whole calls enter up to three quarters of the byte limit; the rest of it is for calls without their bodies,
 * so that rows outlast bodies. What fits neither way does not enter. What is there already stays as it
 * is: the newest pays.
 */
import { type Call, withoutBodies } from "../call.ts";

/** What a call's ids, numbers and objects cost. An estimate, on the safe side. */
const callOverheadBytes = 1_024;
const wholeCallsShare = 0.75;

export type Admission = "whole" | "without_bodies" | "refused";

export interface Waiting {
  readonly call: Call;
  readonly shed: boolean;
  readonly bytes: number;
}

export class CallQueue {
  readonly #callsMax: number;
  readonly #bytesMax: number;
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(limits: { callsMax: number; bytesMax: number }) {
    this.#callsMax = limits.callsMax;
    this.#bytesMax = limits.bytesMax;
  }

  get size(): number {
    return this.#waiting.length;
  }

  offer(call: Call): Admission {
    if (this.#waiting.length >= this.#callsMax) return "refused";
    const shed = this.#bytes + bytesOf(call) > this.#bytesMax * wholeCallsShare;
    const kept = shed ? withoutBodies(call) : call;
    const bytes = bytesOf(kept);
    if (this.#bytes + bytes > this.#bytesMax) return "refused";
    this.#waiting.push({ call: kept, shed, bytes });
    this.#bytes += bytes;
    return shed ? "without_bodies" : "whole";
  }

  /** Removes and returns the oldest, at most `callsMax` of them. */
  take(callsMax: number): Waiting[] {
    const taken = this.#waiting.splice(0, callsMax);
    for (const { bytes } of taken) this.#bytes -= bytes;
    return taken;
  }
}

/** Text of the log is mostly ASCII, which V8 keeps at a byte a character; other text at two. */
function bytesOf(call: Call): number {
  const { requestBody, responseBody, errorMessage, method, toolName, headers, messages } = call;
  let characters = requestBody.length + responseBody.length + errorMessage.length;
  characters += method.length + toolName.length;
  for (const name in headers) characters += name.length + (headers[name]?.length ?? 0);
  for (const { body } of messages) characters += body.length;
  return callOverheadBytes + characters * 2;
}
