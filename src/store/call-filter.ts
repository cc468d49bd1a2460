/** What every question to the call log can be narrowed by. Part of its contract (call-log.ts). */
import type { CallDirection, CallKind, CallStatus, ErrorKind } from "../call.ts";
import type { Window } from "./window.ts";

/**
 * Which calls. Absent means any; several values of one field mean any of them; several fields
 * must all match. A list is never empty.
 */
export interface CallFilter {
  readonly serverIds?: readonly string[];
  readonly methods?: readonly string[];
  readonly toolNames?: readonly string[];
  readonly statuses?: readonly CallStatus[];
  readonly kinds?: readonly CallKind[];
  readonly directions?: readonly CallDirection[];
  readonly sessionIds?: readonly string[];
  /** Ids of calls; "" finds those that belong to none. */
  readonly parentIds?: readonly string[];
  /** Ids of calls; that of a call without further rounds finds it alone. */
  readonly logicalIds?: readonly string[];
  readonly clientNames?: readonly string[];
  readonly errorKinds?: readonly ErrorKind[];
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
