/** API keys: how programs prove on whose behalf they act, bound to one team. */
import { parseName } from "./name.ts";

export const keyNameMaxLength = 100;

/** What a key may do. `calls:read` shows what a call was, `calls:bodies` what it said. */
export const scopes = [
  "servers:read",
  "servers:write",
  "calls:read",
  "calls:bodies",
  "calls:delete",
  "keys:manage",
  "admin",
] as const;

export type Scope = (typeof scopes)[number];

/** An API key as it rests: its secret is known only by digest. */
export interface ApiKey {
  readonly id: string;
  readonly teamId: string;
  /** The user on whose behalf the key acts; recorded as creator of what it creates. */
  readonly userId: string;
  readonly name: string;
  /** Without duplicates, in the order of `scopes`. Never more than what the role of its user allows at the moment of use. */
  readonly scopes: readonly Scope[];
  /** SHA-256 of the whole key text, lower-case hex. The secret has full entropy, so no salt is needed. */
  readonly secretDigest: string;
  /** The last four characters of the key, to tell keys apart in a list. */
  readonly lastFour: string;
  readonly createdAtMs: number;
  /** Absent: it does not expire. */
  readonly expiresAtMs?: number;
  /** Absent until it is used. At most a minute behind. */
  readonly lastUsedAtMs?: number;
  readonly lastUsedIp?: string;
}

/** @throws Problem `validation_error` — as `parseName`. */
export function parseKeyName(text: string): string {
  return parseName(text, keyNameMaxLength);
}
