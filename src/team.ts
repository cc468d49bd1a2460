/** Who owns what: users belong to teams, everything else belongs to one team. */

export interface User {
  readonly id: string;
  readonly email: string;
  readonly createdAtMs: number;
}

export interface Team {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
}

/** An API key as it rests: its secret is known only by digest. */
export interface ApiKey {
  readonly id: string;
  readonly teamId: string;
  /** The user on whose behalf the key acts; recorded as creator of what it creates. */
  readonly userId: string;
  readonly name: string;
  /** SHA-256 of the whole key text, lower-case hex. The secret has full entropy, so no salt is needed. */
  readonly secretDigest: string;
  /** The last four characters of the key, to tell keys apart in a list. */
  readonly lastFour: string;
  readonly createdAtMs: number;
}

/** Whose request this is; every access to a store takes its `teamId`. */
export interface Caller {
  readonly userId: string;
  readonly teamId: string;
}
