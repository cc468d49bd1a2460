/**
 * Calls as an HTTP archive (HAR 1.2), for the viewers that browsers and proxies have.
 * http://www.softwareishard.com/blog/har-12-spec/
 *
 * In: whole calls, and the URLs of their servers. Out: the text around the entries, and an entry a call. What
 * HAR has no place for is in `_call`, as the API names it. Guarantees: no proxy URL, which is a capability, and
 * no value of a query. The log keeps no header fields of answers, so none are shown.
 */
import type { WireWholeCall } from "./to-wire-call.ts";

export function harHead(version: string): string {
  const creator = JSON.stringify({ name: "HookWatch", version });
  return `{"log":{"version":"1.2","creator":${creator},"pages":[],"entries":[`;
}

export const harTail = "]}}\n";

const httpVersion = "HTTP/1.1";
const unknownSize = -1;

export function harEntry(call: WireWholeCall, targetUrl: string | undefined): string {
  const { request_body, response_body, headers, header_mismatches, ...rest } = call;
  return JSON.stringify({
    startedDateTime: call.created_at,
    time: totalOf(call),
    request: requestOf(call, targetUrl),
    response: responseOf(call),
    cache: {},
    timings: timingsOf(call),
    comment: commentOf(call),
    _call: { ...rest, header_mismatches },
  });
}

/** HAR counts TLS to `connect`, too, and has no null for what every request does. */
function timingsOf({ timings, ttfb_ms, duration_ms }: WireWholeCall) {
  if (!timings) {
    const wait = Math.min(ttfb_ms ?? duration_ms, duration_ms);
    const unknown = { blocked: -1, dns: -1, connect: -1, ssl: -1 };
    return { ...unknown, send: 0, wait, receive: duration_ms - wait };
  }
  const { connect_ms, tls_ms } = timings;
  return {
    blocked: timings.blocked_ms,
    dns: timings.dns_ms ?? -1,
    connect: connect_ms === null ? -1 : toHundredths(connect_ms + (tls_ms ?? 0)),
    ssl: tls_ms ?? -1,
    send: timings.send_ms ?? 0,
    wait: timings.wait_ms ?? 0,
    receive: timings.receive_ms ?? 0,
  };
}

/** What a HAR calls the time of an entry is the sum of its timings. */
function totalOf({ timings, duration_ms }: WireWholeCall): number {
  if (!timings) return duration_ms;
  const { overhead_ms: _, ...phases } = timings;
  return toHundredths(Object.values(phases).reduce<number>((sum, ms) => sum + (ms ?? 0), 0));
}

/** Of sums of hundredths, which are not always such as numbers. */
function toHundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}

function requestOf(call: WireWholeCall, targetUrl: string | undefined) {
  const url = urlOf(call, targetUrl);
  const method = call.kind === "http" ? call.method : "POST";
  const mimeType = call.headers["content-type"] ?? "application/json";
  return {
    method,
    url: url.href,
    httpVersion,
    cookies: [],
    headers: Object.entries(call.headers).map(([name, value]) => ({ name, value })),
    queryString: [...url.searchParams].map(([name, value]) => ({ name, value })),
    headersSize: unknownSize,
    bodySize: call.request_bytes,
    ...(call.request_body !== "" && { postData: { mimeType, text: call.request_body } }),
  };
}

function responseOf(call: WireWholeCall) {
  const text = call.response_body;
  const truncated = call.response_truncated && { comment: "the log holds less than what passed" };
  return {
    status: call.status_code,
    statusText: "",
    httpVersion,
    cookies: [],
    headers: [],
    content: { size: call.response_bytes, mimeType: mimeTypeOf(text), text, ...truncated },
    redirectURL: "",
    headersSize: unknownSize,
    bodySize: call.response_bytes,
    // What browsers show in place of a status when no answer came.
    ...(call.status_code === 0 && { _error: call.error_message }),
  };
}

/** By its look: how the answer was labelled is not in the log. */
function mimeTypeOf(text: string): string {
  return /^\s*[[{]/.test(text) ? "application/json" : "text/plain";
}

/** Where the upstream was asked, as far as the log tells: its URL and what followed the slug, queries without their values. */
function urlOf({ path, mcp_server_id }: WireWholeCall, targetUrl: string | undefined): URL {
  const url = new URL(targetUrl ?? `https://${mcp_server_id}.invalid/`);
  for (const name of new Set(url.searchParams.keys())) url.searchParams.set(name, "");
  const [rest = "", query = ""] = splitOnce(path, "?");
  if (rest !== "") url.pathname = `${url.pathname.replace(/\/$/, "")}${rest}`;
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.append(name, value);
  return url;
}

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}

function commentOf({ method, tool_name, direction }: WireWholeCall): string {
  const name = tool_name === "" ? method : `${method} ${tool_name}`;
  return direction === "server" ? `${name} (asked by the server)` : name;
}
