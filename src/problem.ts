/**
 * The only error thrown on purpose. Anything else that reaches the edge is a bug:
 * it is logged with its cause and answered as `internal_error` without its text.
 *
 * The codes are those of the public API, so that one vocabulary serves from the
 * store to the wire; `api/answer.ts` alone knows their HTTP statuses (ADR-0008).
 */

export type ProblemCode =
  | "validation_error"
  | "authentication_required"
  | "invalid_token"
  | "token_expired"
  | "plan_limit_reached"
  | "forbidden"
  | "resource_not_found"
  | "resource_exists"
  | "payload_too_large"
  | "rate_limited"
  | "internal_error"
  | "unavailable";

/** What is wrong with one field of the input. `field` is its name on the wire. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

export class Problem extends Error {
  readonly code: ProblemCode;
  /** Empty unless `code` is `validation_error`. */
  readonly details: readonly FieldProblem[];
  /** Whole seconds after which it is worth trying again, where that is known; at least 1. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: ProblemCode,
    message: string,
    more: { details?: readonly FieldProblem[]; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "Problem";
    this.code = code;
    this.details = more.details ?? [];
    this.retryAfterS = more.retryAfterS;
  }
}

/** A `validation_error` about the given fields; its message repeats the first of them. */
export function invalid(...details: readonly FieldProblem[]): Problem {
  const first = details[0];
  const message = first ? `${first.field}: ${first.message}` : "the request is not valid";
  return new Problem("validation_error", message, { details });
}
