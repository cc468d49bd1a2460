/**
 * What a call is and how it ended, as one number: kind, direction, status and error kind, a byte each.
 *
 * Codes rest in files: a value keeps its code for ever, new ones are added.
 */
import {
  type Call,
  type CallDirection,
  type CallKind,
  type CallStatus,
  callDirections,
  callKinds,
  callStatuses,
  type ErrorKind,
  errorKinds,
} from "../../call.ts";

/** The part of a call that an outcome stands for. */
export type Outcome = Pick<Call, "kind" | "direction" | "status" | "errorKind">;

const kindCodes: Readonly<Record<CallKind, number>> = { request: 0, notification: 1, http: 2 };
const directionCodes: Readonly<Record<CallDirection, number>> = { client: 0, server: 1 };
const statusCodes: Readonly<Record<CallStatus, number>> = { success: 0, error: 1, timeout: 2 };
const errorKindCodes: Readonly<Record<ErrorKind | "", number>> = {
  "": 0,
  http: 1,
  jsonrpc: 2,
  tool: 3,
  transport: 4,
  timeout: 5,
  cancelled: 6,
  policy: 7,
};

const kinds = byCode(callKinds, kindCodes);
const directions = byCode(callDirections, directionCodes);
const statuses = byCode(callStatuses, statusCodes);
const errorKindsByCode = byCode(["", ...errorKinds], errorKindCodes);

export function outcomeCode({ kind, direction, status, errorKind }: Outcome): number {
  const high = (errorKindCodes[errorKind] << 24) | (statusCodes[status] << 16);
  return (high | (directionCodes[direction] << 8) | kindCodes[kind]) >>> 0;
}

const known = new Map<number, Outcome>();

/** @throws RangeError — not what `outcomeCode` returns. */
export function outcomeOf(code: number): Outcome {
  let outcome = known.get(code);
  if (!outcome) {
    outcome = {
      kind: valueOfCode(kinds, code & 0xff),
      direction: valueOfCode(directions, (code >> 8) & 0xff),
      status: valueOfCode(statuses, (code >> 16) & 0xff),
      errorKind: valueOfCode(errorKindsByCode, code >>> 24),
    };
    known.set(code, outcome);
  }
  return outcome;
}

function byCode<Value extends string>(
  values: readonly Value[],
  codes: Readonly<Record<Value, number>>,
): readonly Value[] {
  return values.toSorted((a, b) => codes[a] - codes[b]);
}

function valueOfCode<Value>(values: readonly Value[], code: number): Value {
  const value = values[code];
  if (value === undefined) throw new RangeError(`${code} is no code of ours`);
  return value;
}
