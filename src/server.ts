/** A registered upstream MCP server. Never our own process: that is the host. */
import { invalid } from "./problem.ts";

export const serverNameMaxLength = 200;
export const targetUrlMaxLength = 2_048;

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
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What an update may change; an absent field keeps its value. */
export interface ServerChanges {
  readonly name?: string;
  readonly targetUrl?: string;
  readonly isActive?: boolean;
}

/** The name without surrounding white space. @throws Problem `validation_error` — empty, too long or not printable. */
export function parseServerName(text: string): string {
  const name = text.trim();
  if (name.length === 0) throw invalid({ field: "name", message: "must not be empty" });
  if (name.length > serverNameMaxLength) {
    const message = `is ${name.length} characters long, the limit is ${serverNameMaxLength}`;
    throw invalid({ field: "name", message });
  }
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    const message = "must not contain control characters or halves of characters";
    throw invalid({ field: "name", message });
  }
  return name;
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
