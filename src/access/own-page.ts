/**
 * Whether a request that a browser sent with our cookie was meant: made by a page of ours, not by a stranger's.
 *
 * Guarantees: a method that changes something passes only with three things that no other site can bring about: the
 * origin is our own, a body is JSON, and the token that only our pages are given is there (security: T21).
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Problem } from "../problem.ts";

export const csrfHeader = "x-csrf-token";

export interface Sent {
  readonly method: string;
  readonly headers: Headers;
}

/** The token of a session's pages; worth nothing without its cookie. `key`: 32 bytes. */
export function csrfToken(key: Uint8Array, sessionId: string): string {
  return createHmac("sha256", key).update(sessionId).digest("base64url");
}

/** @throws Problem `forbidden` — naming what is missing. */
export function demandOwnPage(sent: Sent, publicUrl: string, expectedToken: string): void {
  if (sent.method === "GET" || sent.method === "HEAD") return;
  demandOwnOrigin(sent.headers, publicUrl);
  demandJson(sent.headers);
  const token = Buffer.from(sent.headers.get(csrfHeader) ?? "");
  const expected = Buffer.from(expectedToken);
  if (token.length === expected.length && timingSafeEqual(token, expected)) return;
  const message = `with the cookie, X-CSRF-Token must be the "csrf_token" of GET /v1/auth/me`;
  throw new Problem("forbidden", message);
}

/** @throws Problem `forbidden` — the page that asks is not one of ours, or does not say what it is. */
export function demandOwnOrigin(headers: Headers, publicUrl: string): void {
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  if (origin === null ? site === "same-origin" : isOwnOrigin(origin, headers, publicUrl)) return;
  throw new Problem("forbidden", "the cookie is taken from pages of this very origin alone");
}

function isOwnOrigin(origin: string, headers: Headers, publicUrl: string): boolean {
  const { origin: own, protocol } = new URL(publicUrl);
  if (origin === own) return true;
  // Without TLS there may be several names, such as localhost and 127.0.0.1; the edge lets in none but ours. Where the
  // public URL is https, a page of the same name without it may be anybody's.
  return protocol === "http:" && origin === `http://${headers.get("host")}`;
}

/** A form, or a script that was not asked for its origin, can send other types only. */
function demandJson(headers: Headers): void {
  const type = headers.get("content-type");
  const hasBody =
    headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";
  if (type === null ? !hasBody : /^application\/json *(?:;|$)/i.test(type)) return;
  throw new Problem("forbidden", "with the cookie, a body must be sent as application/json");
}
