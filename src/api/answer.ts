/**
 * How the control plane answers: JSON, its header fields, and what a `Problem` becomes.
 *
 * The only table of codes and statuses. An error that is no `Problem` is a bug: it is logged with its
 * cause under the request's id and answered as `internal_error` without a word of its text.
 */
import { Problem, type ProblemCode } from "../problem.ts";
import type { Log } from "../telemetry.ts";
import { isLongList, listBody } from "./list-body.ts";
import type { WireProblem } from "./wire.ts";

/** Statuses by code; `method_not_allowed` is a matter of HTTP alone and no `Problem`. */
export const statuses = {
  validation_error: 400,
  authentication_required: 401,
  invalid_token: 401,
  token_expired: 401,
  forbidden: 403,
  plan_limit_reached: 403,
  resource_not_found: 404,
  method_not_allowed: 405,
  resource_exists: 409,
  payload_too_large: 413,
  rate_limited: 429,
  internal_error: 500,
  unavailable: 503,
} as const satisfies Readonly<Record<ProblemCode | "method_not_allowed", number>>;

/** On every answer, whatever it is. */
export const everyAnswer: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Header fields that a code asks for. Challenges: RFC 6750 section 3. */
const fieldsByCode: Readonly<Partial<Record<ProblemCode, Readonly<Record<string, string>>>>> = {
  authentication_required: { "WWW-Authenticate": "Bearer" },
  invalid_token: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  token_expired: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  // The rest of the body stays unread, so nothing can follow on this connection.
  payload_too_large: { Connection: "close" },
  rate_limited: { "Retry-After": "1" },
  unavailable: { "Retry-After": "1" },
};

export function answerJson(
  status: number,
  value: unknown,
  fields: Readonly<Record<string, string>> = {},
): Response {
  const headers = { "Content-Type": "application/json; charset=utf-8", ...everyAnswer, ...fields };
  const body = isLongList(value) ? listBody(value) : JSON.stringify(value);
  return new Response(body, { status, headers });
}

export function answerNothing(): Response {
  return new Response(null, { status: 204, headers: everyAnswer });
}

/** Sends a browser elsewhere. */
export function answerRedirect(location: string): Response {
  return new Response(null, { status: 302, headers: { ...everyAnswer, Location: location } });
}

/** @param allowed Methods of the route, upper case. */
export function answerWrongMethod(allowed: readonly string[]): Response {
  const message = `this route knows ${allowed.join(", ")}`;
  return answerJson(statuses.method_not_allowed, toBody("method_not_allowed", message), {
    Allow: allowed.join(", "),
  });
}

export function answerError(error: unknown, requestId: string, report: Log): Response {
  reportFault(error, requestId, report);
  if (!(error instanceof Problem) || error.code === "internal_error") {
    const message = "the host failed to answer; its log tells more under this X-Request-Id";
    return answerJson(statuses.internal_error, toBody("internal_error", message));
  }
  const body = toBody(error.code, error.message, error.details);
  const { code, retryAfterS } = error;
  const wait = retryAfterS === undefined ? {} : { "Retry-After": `${retryAfterS}` };
  return answerJson(statuses[code], body, { ...fieldsByCode[code], ...wait });
}

/**
 * Tells the operator of bugs and outages, and of nothing that the client alone can mend, or that passes by itself: who
 * crowds us must not fill the log, too.
 */
export function reportFault(error: unknown, requestId: string, report: Log): void {
  if (!(error instanceof Problem) || error.code === "internal_error")
    report.error({ requestId, err: error }, "a request to the API failed");
  else if (error.code === "unavailable" && error.retryAfterS === undefined)
    report.warn({ requestId, err: error }, "a request to the API could not be served");
}

function toBody(
  code: keyof typeof statuses,
  message: string,
  details: Problem["details"] = [],
): WireProblem {
  return { error: { code, message, details: [...details] } };
}
