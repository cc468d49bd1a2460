/** What every question to the call log can be narrowed by. Part of its contract (call-log.ts). */
import type { CallDirection, CallKind, CallStatus, ErrorKind } from "../call.ts";
import type { Window } from "./window.ts";

/** Values by field. A list is never empty; "" stands for calls that have no such value. */
export interface CallValues {
  readonly serverIds?: readonly string[];
  readonly methods?: readonly string[];
  readonly toolNames?: readonly string[];
  readonly statuses?: readonly CallStatus[];
  readonly kinds?: readonly CallKind[];
  readonly directions?: readonly CallDirection[];
  readonly sessionIds?: readonly string[];
  readonly clientNames?: readonly string[];
  readonly errorKinds?: readonly (ErrorKind | "")[];
}

/** Which calls. Absent means any; several values of one field mean any of them; several fields must all match. */
export interface CallFilter extends CallValues {
  /** Calls with any of these values, in any of these fields, do not match. */
  readonly exclude?: CallValues;
  /** Ids of calls; "" finds those that belong to none. */
  readonly parentIds?: readonly string[];
  /** Ids of calls; that of a call without further rounds finds it alone. */
  readonly logicalIds?: readonly string[];
  /** Inclusive, whole milliseconds. */
  readonly minDurationMs?: number;
  /** Inclusive, whole milliseconds. */
  readonly maxDurationMs?: number;
  /** Half-open, over `startedAtMs`. */
  readonly window?: Window;
  /**
   * Terms separated by white space, and phrases in double quotes, each of which must occur, upper and lower
   * case of ASCII alike, in the request body, the response body or the error message (search-terms.ts).
   */
  readonly text?: string;
}
