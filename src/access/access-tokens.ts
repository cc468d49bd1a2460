/**
 * Access tokens: what a signed-in program shows with each request, for 15 minutes at most.
 *
 * In: a session and a team. Out: `hwa_` and a JWT signed with HS256 by a key of this installation, so that scanners know
 * it for one of ours. A token by itself lets nobody in: its session must still be there, and the role is looked
 * up at each request, so that revocation is immediate.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../clock.ts";
import { isUuid } from "../id.ts";
import { Problem } from "../problem.ts";
import type { Session } from "../session.ts";

export const accessTokenPrefix = "hwa_";
export const accessTokenMaxAgeS = 900;
/** Ours have about 330 characters; what is longer is refused before it is decoded. */
const textMaxLength = 1_000;
/** RFC 9068, section 2.1. */
const type = "at+jwt";

export interface AccessClaims {
  readonly sessionId: string;
  readonly userId: string;
  readonly teamId: string;
}

export class AccessTokens {
  readonly #key: KeyObject;
  readonly #clock: Clock;

  /** `key`: 32 bytes that nothing else is signed with. */
  constructor(key: Uint8Array, clock: Clock) {
    this.#key = createSecretKey(key);
    this.#clock = clock;
  }

  async issue({
    id,
    userId,
    teamId,
    expiresAtMs,
  }: Session): Promise<{ readonly text: string; readonly expiresInS: number }> {
    const nowS = Math.floor(this.#clock.nowMs() / 1_000);
    const expiresInS = Math.min(accessTokenMaxAgeS, Math.floor(expiresAtMs / 1_000) - nowS);
    const jwt = await new SignJWT({ sid: id, team: teamId })
      .setProtectedHeader({ alg: "HS256", typ: type })
      .setSubject(userId)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + expiresInS)
      .sign(this.#key);
    return { text: accessTokenPrefix + jwt, expiresInS };
  }

  /**
   * @throws Problem `token_expired` — it was one of ours.
   * @throws Problem `invalid_token` — it never was.
   */
  async verify(text: string): Promise<AccessClaims> {
    if (!text.startsWith(accessTokenPrefix) || text.length > textMaxLength) throw notOurs();
    const { sid, sub, team } = await this.#claims(text.slice(accessTokenPrefix.length));
    if (![sid, sub, team].every((id) => typeof id === "string" && isUuid(id))) throw notOurs();
    return { sessionId: String(sid), userId: String(sub), teamId: String(team) };
  }

  async #claims(jwt: string) {
    try {
      const { payload } = await jwtVerify(jwt, this.#key, {
        algorithms: ["HS256"],
        typ: type,
        requiredClaims: ["exp", "iat"],
        currentDate: new Date(this.#clock.nowMs()),
      });
      return payload;
    } catch (cause) {
      if (cause instanceof errors.JWTExpired)
        throw new Problem("token_expired", "the access token has expired, refresh it", { cause });
      if (cause instanceof errors.JOSEError) throw notOurs(cause);
      throw cause;
    }
  }
}

function notOurs(cause?: unknown): Problem {
  return new Problem("invalid_token", "the access token is not valid", { cause });
}
