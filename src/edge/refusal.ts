/**
 * What the edge answers by itself, before any plane is asked: on proxy URLs a JSON-RPC error, because MCP
 * clients read it; elsewhere the API's error body. Nothing of the request is repeated in it.
 */
import { STATUS_CODES } from "node:http";
import type { InboundResponse } from "../inbound.ts";

export interface Refusal {
  readonly statusCode: number;
  readonly code: "validation_error" | "forbidden" | "payload_too_large" | "unavailable";
  /** Our code, in `error.data.reason` on proxy URLs. */
  readonly reason: string;
  readonly message: string;
  /** When to come again; absent where that would not help. */
  readonly retryAfterSeconds?: number;
}

export const proxyPathPrefix = "/p/";

export function refuse(response: InboundResponse, refusal: Refusal, onProxyUrl: boolean): void {
  const { rawHeaders, body } = render(refusal, onProxyUrl);
  // What follows on a connection that began with such a request is not to be trusted either.
  response.writeHead(refusal.statusCode, [...rawHeaders, "Connection", "close"]);
  response.end(body);
}

/** The same for a socket whose request could not be parsed, so that there is no `ServerResponse`. */
export function refusalText(refusal: Refusal, onProxyUrl: boolean): string {
  const { rawHeaders, body } = render(refusal, onProxyUrl);
  let head = `HTTP/1.1 ${refusal.statusCode} ${STATUS_CODES[refusal.statusCode] ?? ""}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    head += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`;
  }
  return `${head}Connection: close\r\n\r\n${body}`;
}

function render(
  { code, message, reason, retryAfterSeconds }: Refusal,
  onProxyUrl: boolean,
): { rawHeaders: string[]; body: string } {
  const rpcError = { code: -32_600, message, data: { source: "hookwatch", reason } };
  const body = JSON.stringify(
    onProxyUrl ? { jsonrpc: "2.0", id: null, error: rpcError } : { error: { code, message } },
  );
  const rawHeaders = [
    "Content-Type",
    "application/json",
    "Content-Length",
    String(Buffer.byteLength(body)),
    "Cache-Control",
    "no-store",
    "X-Content-Type-Options",
    "nosniff",
  ];
  if (retryAfterSeconds !== undefined) rawHeaders.push("Retry-After", String(retryAfterSeconds));
  if (onProxyUrl) rawHeaders.push("Proxy-Status", "hookwatch; error=http_request_denied");
  return { rawHeaders, body };
}

export const badVersion: Refusal = {
  statusCode: 505,
  code: "validation_error",
  reason: "http_version",
  message: "the request is not HTTP/1.1",
};

export const tooSlow: Refusal = {
  statusCode: 408,
  code: "unavailable",
  reason: "request_timeout",
  message: "the request did not arrive in time",
};
