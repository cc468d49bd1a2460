/** Whose request this is; every access to a store takes its `teamId`. */
import type { Scope } from "./api-key.ts";
import type { Role } from "./team.ts";

export interface Caller {
  readonly userId: string;
  readonly teamId: string;
  /** The user's role in that team at this moment. */
  readonly role: Role;
  /** What the credential and the role allow together. */
  readonly scopes: ReadonlySet<Scope>;
  readonly credential: Credential;
  /** The client's address, behind trusted proxies too. */
  readonly sourceIp: string;
}

/** `id`: of the API key, or of the session. */
export interface Credential {
  readonly kind: "key" | "token" | "cookie";
  readonly id: string;
  /** Of a key that ends. */
  readonly expiresAtMs?: number;
}
