/**
 * Calls waiting for the store, oldest first, bounded in number and in bytes.
 *
 * Over the byte limit a call enters without its bodies; over the limit of calls it does not enter.
 * What is there already stays as it is: the newest pays.
 */
import type { Call } from "../call.ts";

/** What a call costs beside its bodies: ids, headers, names. An estimate, on the safe side. */
const callOverheadBytes = 1_024;

export type Admission = "whole" | "without_bodies" | "refused";

export interface Waiting {
  readonly call: Call;
  readonly shed: boolean;
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
    const shed = this.#bytes + bytesOf(call) > this.#bytesMax;
    const kept = shed ? withoutBodies(call) : call;
    this.#waiting.push({ call: kept, shed });
    this.#bytes += bytesOf(kept);
    return shed ? "without_bodies" : "whole";
  }

  /** Removes and returns the oldest, at most `callsMax` of them. */
  take(callsMax: number): Waiting[] {
    const taken = this.#waiting.splice(0, callsMax);
    for (const { call } of taken) this.#bytes -= bytesOf(call);
    return taken;
  }
}

function bytesOf(call: Call): number {
  let bytes = callOverheadBytes + call.requestBody.length + call.responseBody.length;
  for (const message of call.messages) bytes += message.body.length;
  return bytes;
}

function withoutBodies(call: Call): Call {
  return {
    ...call,
    requestBody: "",
    responseBody: "",
    requestTruncated: call.requestBytes > 0,
    responseTruncated: call.responseBytes > 0,
    messages: [],
  };
}
