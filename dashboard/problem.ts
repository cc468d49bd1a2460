/** What went wrong with a request, as the API said it or as the network did. */
import type { WireProblem } from "../src/api/wire.ts";

export interface ProblemDetail {
  readonly field: string;
  readonly message: string;
}

export class Problem extends Error {
  override readonly name = "Problem";
  /** Of the API's closed list (docs/api.md), or `unreachable` when no answer came. */
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly details: readonly ProblemDetail[];

  constructor(
    code: string,
    status: number,
    message: string,
    details: readonly ProblemDetail[] = [],
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }

  /** What is wrong with one field of the input; undefined when that field is fine. */
  of(field: string): string | undefined {
    return this.details.find((detail) => detail.field === field)?.message;
  }
}

/** The problem that an answer other than 2xx tells. */
export async function problemOf(answer: Response): Promise<Problem> {
  const { status } = answer;
  const body: unknown = await answer.json().catch(() => undefined);
  const error = isWireProblem(body) ? body.error : undefined;
  if (error === undefined) {
    return new Problem("unreachable", status, `the host answered with status ${status}`);
  }
  return new Problem(error.code, status, error.message, error.details ?? []);
}

/** Anything thrown, as a problem that can be shown. */
export function toProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  if (cause instanceof TypeError) {
    return new Problem("unreachable", 0, "the host cannot be reached; is it running?");
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Problem("internal_error", 0, message);
}

function isWireProblem(body: unknown): body is WireProblem {
  const error = (body as WireProblem | undefined)?.error;
  return typeof error?.code === "string" && typeof error.message === "string";
}
