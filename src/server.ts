/** A registered upstream MCP server. Never our own process: that is the host. */
import { parseName } from "./name.ts";
import { invalid } from "./problem.ts";

export const serverNameMaxLength = 200;
export const targetUrlMaxLength = 2_048;
export const upstreamIdleTimeoutMinMs = 100;
/** A day. */
export const upstreamIdleTimeoutMaxMs = 86_400_000;

export interface Server {
  readonly id: string;
  readonly userId: string;
  readonly teamId: string;
  /** The capability in the proxy URL; unique for ever, also after deletion. */
  readonly slug: string;
  readonly name: string;
  /** Absolute http(s) URL without userinfo or fragment, at most 2,048 characters. */
  readonly targetUrl: string;
  readonly isActive: boolean;
  readonly captureLevel: CaptureLevel;
  /** In place of the installation's; absent: that one holds. */
  readonly upstreamIdleTimeoutMs?: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/**
 * How much of an exchange the log keeps, from nothing to all: no call at all; calls without anything that was
 * said; calls with secrets redacted; calls as they were. Credentials in header fields are redacted at every level.
 */
export const captureLevels = ["off", "metadata", "redacted", "full"] as const;

export type CaptureLevel = (typeof captureLevels)[number];

/** What an update may change; an absent field keeps its value. */
export interface ServerChanges {
  readonly name?: string;
  readonly targetUrl?: string;
  readonly isActive?: boolean;
  readonly captureLevel?: CaptureLevel;
  /** `null`: back to the installation's. */
  readonly upstreamIdleTimeoutMs?: number | null;
  /** A new one; the old one stays spent. */
  readonly slug?: string;
}

/** @throws Problem `validation_error` — as `parseName`. */
export function parseServerName(text: string): string {
  return parseName(text, serverNameMaxLength);
}

/**
 * The URL as the WHATWG parser writes it. Where its host may be dialled is the egress
 * rule's matter, not this function's.
 *
 * @throws Problem `validation_error` — not absolute http(s), credentials, a fragment, too long.
 */
export function parseTargetUrl(text: string): string {
  const refuse = (message: string) => invalid({ field: "target_url", message });
  if (text.length > targetUrlMaxLength) {
    throw refuse(`is ${text.length} characters long, the limit is ${targetUrlMaxLength}`);
  }
  // The parser drops tabs, line ends and surrounding blanks silently; a URL that needs it is a mistake.
  if (/[\p{Cc}\s\\]/u.test(text)) {
    throw refuse("must not contain white space, control characters or backslashes");
  }
  const url = URL.parse(text);
  if (!url || !/^https?:\/\//i.test(text)) {
    throw refuse('must be an absolute http:// or https:// URL, such as "https://example.com/mcp"');
  }
  if (url.username !== "" || url.password !== "" || /^https?:\/\/[^/?#]*@/i.test(text)) {
    throw refuse("must not carry a user name or password");
  }
  if (url.hash !== "" || text.includes("#")) throw refuse("must not have a fragment");
  if (url.href.length > targetUrlMaxLength) {
    throw refuse(`is ${url.href.length} characters long, the limit is ${targetUrlMaxLength}`);
  }
  return url.href;
}
