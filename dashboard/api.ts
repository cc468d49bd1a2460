/**
 * The one way to `/v1`. Carries the session's cookie and CSRF token, or the API key that was pasted.
 *
 * Guarantees: answers other than 2xx are thrown as `Problem`; a request that is not let in any more
 * ends the session in the page. Nothing leaves the origin (the policy's `connect-src 'self'`).
 */
import { credentials } from "./credentials.ts";
import { problemOf, toProblem } from "./problem.ts";

/** Repeated for arrays, left out for undefined; empty text is a value. */
export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

export interface Sending {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** @param path below `/v1`, with its slash: `/mcp/calls`. @throws Problem — see problem.ts. */
export async function send(path: string, sending: Sending = {}): Promise<Response> {
  const { method = "GET", query = {}, body, signal } = sending;
  const answer = await fetch(`/v1${path}${queryText(query)}`, {
    method,
    headers: { ...credentials.fieldsFor(method), ...jsonFields(body), ...sending.headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
  }).catch((cause: unknown) => {
    throw signal?.aborted ? cause : toProblem(cause);
  });
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (problem.status === 401) credentials.refused();
  throw problem;
}

/** The JSON of the answer; undefined for 204. */
export async function call<Answer>(path: string, sending: Sending = {}): Promise<Answer> {
  const answer = await send(path, sending);
  return (answer.status === 204 ? undefined : await answer.json()) as Answer;
}

/** `?a=1&b=2`, or nothing. */
export function queryText(query: Query): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) fields.append(name, String(one));
  }
  const text = fields.toString();
  return text === "" ? "" : `?${text}`;
}

function jsonFields(body: unknown): Record<string, string> {
  return body === undefined ? {} : { "Content-Type": "application/json" };
}
