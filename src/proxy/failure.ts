/**
 * What is answered when the upstream cannot, or must not, answer itself. An upstream's own answers, errors
 * included, never come here.
 *
 * A JSON-RPC error that echoes the request's id, and a `Proxy-Status` field that says whose fault it was
 * (RFC 9209). Trouble of the upstream is never a 4xx: clients read those as "old protocol", "session gone",
 * "sign in". Messages name no address.
 */
import type { ExchangeOutcome } from "../exchange.ts";
import { parseMessages } from "../message.ts";
import { laterSeconds, soonSeconds } from "./limits.ts";

export interface Failure {
  readonly statusCode: number;
  /** Our code, in `error.data.reason`. */
  readonly reason: string;
  /** The error type of RFC 9209, 2.3. */
  readonly proxyError: string;
  readonly message: string;
  /** When to come again; absent where that would not help. */
  readonly retryAfterSeconds?: number;
  readonly outcome: Exclude<ExchangeOutcome, "complete" | "client_left">;
}

export const failures = {
  unknownServer: failure(
    404,
    "unknown_server",
    "destination_not_found",
    "no active server has this proxy URL",
  ),
  tooManyMisses: failure(
    429,
    "too_many_misses",
    "destination_not_found",
    "no active server has this proxy URL, and this client has asked for too many such URLs",
  ),
  limitReached: failure(
    429,
    "limit_reached",
    "http_request_denied",
    "the team has reached the limit of its calls",
  ),
  ambiguousPath: failure(
    400,
    "ambiguous_path",
    "http_request_denied",
    "the path below the proxy URL is ambiguous; it must not contain dot or empty segments, backslashes, or encoded dots and slashes",
  ),
  ownCredential: failure(
    400,
    "own_credential",
    "http_request_denied",
    "this request carries a HookWatch API key; send the credential of the upstream server instead, or none",
  ),
  badRequest: failure(
    400,
    "bad_request",
    "http_request_error",
    "the request cannot be forwarded as it is",
  ),
  bodyTooLarge: failure(
    413,
    "body_too_large",
    "http_request_error",
    "the request body is larger than this proxy allows",
  ),
  bodyScattered: failure(
    400,
    "body_scattered",
    "http_request_error",
    "the request body comes in too many small pieces",
  ),
  uploadStalled: failure(
    408,
    "request_timeout",
    "http_request_error",
    "the rest of the request did not arrive in time",
  ),
  tooManyConnections: {
    ...failure(
      503,
      "connection_limit",
      "connection_limit_reached",
      "too many exchanges with this server are open",
    ),
    retryAfterSeconds: soonSeconds,
  },
  tooManyExchanges: {
    ...failure(
      503,
      "team_limit",
      "connection_limit_reached",
      "too many exchanges of this team are open",
    ),
    retryAfterSeconds: soonSeconds,
  },
  shuttingDown: {
    ...failure(503, "shutting_down", "proxy_internal_error", "the proxy is shutting down"),
    retryAfterSeconds: soonSeconds,
  },
  notRecorded: {
    ...failure(
      503,
      "not_recorded",
      "proxy_internal_error",
      "the proxy has no room to record this exchange, and was told to refuse it then; try again later",
    ),
    retryAfterSeconds: laterSeconds,
  },
  addressForbidden: failure(
    502,
    "address_forbidden",
    "destination_ip_prohibited",
    "the upstream server is at an address that this proxy must not call",
  ),
  ownAddress: failure(
    508,
    "loop",
    "proxy_loop_detected",
    "the upstream server is this proxy itself",
  ),
  refused: upstream(
    502,
    "connection_refused",
    "connection_refused",
    "the upstream server refused the connection",
  ),
  unroutable: upstream(
    502,
    "unroutable",
    "destination_ip_unroutable",
    "there is no route to the upstream server",
  ),
  unresolvable: upstream(
    502,
    "dns_error",
    "dns_error",
    "the name of the upstream server cannot be resolved",
  ),
  certificate: upstream(
    502,
    "certificate_error",
    "tls_certificate_error",
    "the certificate of the upstream server is not valid",
  ),
  tls: upstream(
    502,
    "tls_error",
    "tls_protocol_error",
    "the upstream server does not speak TLS as expected",
  ),
  reset: upstream(
    502,
    "connection_reset",
    "connection_terminated",
    "the upstream server closed the connection before it answered",
  ),
  cutShort: upstream(
    502,
    "cut_short",
    "http_response_incomplete",
    "the upstream server closed the connection amid its answer",
  ),
  malformed: upstream(
    502,
    "malformed_answer",
    "http_protocol_error",
    "the upstream server sent an answer that is not valid HTTP",
  ),
  headTooLarge: upstream(
    502,
    "answer_head_too_large",
    "http_response_header_section_size",
    "the head of the upstream server's answer is too large",
  ),
  unexpectedUpgrade: upstream(
    502,
    "unexpected_upgrade",
    "http_upgrade_failed",
    "the upstream server switched protocols without being asked",
  ),
  unavailable: upstream(
    502,
    "unavailable",
    "destination_unavailable",
    "the upstream server cannot be reached",
  ),
  foreignEndpoint: upstream(
    502,
    "foreign_endpoint",
    "http_protocol_error",
    "the upstream server told its client to post to another origin",
  ),
  metadataElsewhere: upstream(
    503,
    "metadata_elsewhere",
    "http_protocol_error",
    "the upstream server redirects to metadata of another origin",
  ),
  metadataRefused: upstream(
    503,
    "metadata_refused",
    "destination_unavailable",
    "the upstream server did not say whether it has metadata",
  ),
  metadataTooLarge: upstream(
    503,
    "metadata_too_large",
    "http_response_body_size",
    "the metadata of the upstream server is larger than 64 KiB",
  ),
  metadataUnusable: upstream(
    503,
    "metadata_unusable",
    "http_protocol_error",
    "the metadata of the upstream server is no JSON object, or names places that are no web addresses",
  ),
  metadataTimeout: timeout(
    "metadata_timeout",
    "http_response_timeout",
    "the upstream server took too long to answer for its metadata",
  ),
  connectTimeout: timeout(
    "connect_timeout",
    "connection_timeout",
    "the upstream server did not accept the connection in time",
  ),
  idleTimeout: timeout(
    "idle_timeout",
    "http_response_timeout",
    "the upstream server sent nothing for too long",
  ),
} as const satisfies Readonly<Record<string, Failure>>;

/** The JSON text of the id of a body that is one request; "null" for everything else. */
export function echoedId(body: Buffer): string {
  const parsed = parseMessages(body.toString());
  if (parsed.kind === "garbled" || parsed.batch) return "null";
  const [message] = parsed.messages;
  return message?.kind === "request" ? message.id : "null";
}

function failure(statusCode: number, reason: string, proxyError: string, message: string): Failure {
  return { statusCode, reason, proxyError, message, outcome: "refused" };
}

function upstream(
  statusCode: number,
  reason: string,
  proxyError: string,
  message: string,
): Failure {
  return { statusCode, reason, proxyError, message, outcome: "upstream_failed" };
}

function timeout(reason: string, proxyError: string, message: string): Failure {
  return { statusCode: 504, reason, proxyError, message, outcome: "timeout" };
}
