/** Answers for metadata, as any web page may read them: what they say is public, and clients in browsers need it. */
import type { MetadataAnswer } from "./metadata.ts";

export function toMetadataHead(answer: MetadataAnswer): { rawHeaders: string[]; body: Buffer } {
  const { statusCode, failure } = answer;
  const body = answer.body ?? errorBody(answer);
  const rawHeaders = [
    "Access-Control-Allow-Origin",
    "*",
    "Access-Control-Allow-Methods",
    "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers",
    "MCP-Protocol-Version, Authorization, Content-Type",
    // It names the host that it was asked of.
    "Cache-Control",
    "no-store",
  ];
  if (statusCode !== 204) {
    rawHeaders.push("Content-Type", "application/json", "X-Content-Type-Options", "nosniff");
    rawHeaders.push("Content-Length", String(body.length));
  }
  if (statusCode === 405) rawHeaders.push("Allow", "GET, HEAD, OPTIONS");
  const retryAfterSeconds = answer.retryAfterSeconds ?? failure?.retryAfterSeconds;
  if (retryAfterSeconds !== undefined) rawHeaders.push("Retry-After", String(retryAfterSeconds));
  if (failure) rawHeaders.push("Proxy-Status", `hookwatch; error=${failure.proxyError}`);
  return { rawHeaders, body };
}

function errorBody({ statusCode, failure }: MetadataAnswer): Buffer {
  if (statusCode === 204) return Buffer.alloc(0);
  const error =
    failure !== undefined
      ? { code: "unavailable", message: failure.message }
      : statusCode === 405
        ? { code: "validation_error", message: "metadata is only read" }
        : statusCode === 429
          ? {
              code: "rate_limited",
              message: "this client has asked for too much that is not there",
            }
          : { code: "resource_not_found", message: "there is no such metadata" };
  return Buffer.from(JSON.stringify({ error }));
}
