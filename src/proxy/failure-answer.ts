/** A failure as its client gets it: head and body. */
import type { Failure } from "./failure.ts";

/** What MCP clients in browsers read of any answer, and ours of a failure. */
const exposedFields =
  "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Proxy-Status, Retry-After";

export interface FailureAnswer {
  readonly rawHeaders: string[];
  readonly body: Buffer;
}

/** `idText` is JSON; `origin` is the request's, validated before it came here, so that a page may read the answer. */
export function toAnswer(
  failure: Failure,
  idText: string,
  origin: string | undefined,
): FailureAnswer {
  // Invalid request or internal error, by whose fault it is. https://www.jsonrpc.org/specification#error_object
  const code = failure.statusCode < 500 ? -32_600 : -32_603;
  const error = {
    code,
    message: failure.message,
    data: { source: "hookwatch", reason: failure.reason },
  };
  const body = Buffer.from(`{"jsonrpc":"2.0","id":${idText},"error":${JSON.stringify(error)}}`);
  const rawHeaders = [
    "Content-Type",
    "application/json",
    "Content-Length",
    String(body.length),
    "Cache-Control",
    "no-store",
    "X-Content-Type-Options",
    "nosniff",
    "Proxy-Status",
    `hookwatch; error=${failure.proxyError}`,
  ];
  if (failure.retryAfterSeconds !== undefined) {
    rawHeaders.push("Retry-After", String(failure.retryAfterSeconds));
  }
  if (origin !== undefined) {
    rawHeaders.push("Access-Control-Allow-Origin", origin, "Vary", "Origin");
    rawHeaders.push("Access-Control-Expose-Headers", exposedFields);
  }
  return { rawHeaders, body };
}
