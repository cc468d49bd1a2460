/**
 * Who is asking: finds the caller behind a request's credential, which is an API key, an access token or the cookie of
 * the dashboard.
 *
 * In: the method and header fields; never a query parameter. Out: the caller, whose team is the only one the request may
 * see. Guarantees: text that cannot be a credential is refused before the registry is asked; a credential in a
 * header field is never helped out by a cookie; the role is the present one; a browser's request passes only if a page of ours made it.
 */
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { isUuid } from "../id.ts";
import { invalid, Problem } from "../problem.ts";
import type { Session } from "../session.ts";
import type { Registry } from "../store/registry.ts";
import { type AccessTokens, accessTokenPrefix } from "./access-tokens.ts";
import { isKey } from "./keys.ts";
import { csrfToken, demandOwnPage, type Sent } from "./own-page.ts";
import { scopesOf, scopesOfKey } from "./permissions.ts";
import { digestOf, isSecretText } from "./secret-text.ts";
import { cookieForm, cookieValue } from "./session-cookie.ts";
import type { Uses } from "./uses.ts";

/** A session of the dashboard that was not used for so long is over. */
const cookieIdleMs = 12 * 3_600_000;

export interface Presented extends Sent {
  /** The client's address, behind trusted proxies too. */
  readonly sourceIp: string;
}

export interface AuthenticatorOptions {
  readonly registry: Pick<
    Registry,
    "findKey" | "findSession" | "findSessionBySecret" | "changeSession" | "roleOf" | "teamsOf"
  >;
  readonly clock: Clock;
  readonly accessTokens: AccessTokens;
  readonly uses: Uses;
  /** 32 bytes that CSRF tokens are made with. */
  readonly csrfKey: Uint8Array;
  /** Where users reach the host. */
  readonly publicUrl: () => string;
  /** True for a key known to exist, which may look like a mistyped one: operators choose theirs freely. */
  readonly isOwnKey: (text: string) => boolean;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * @throws Problem `authentication_required` — there is no credential of ours.
   * @throws Problem `invalid_token` — it is malformed, unknown or revoked.
   * @throws Problem `token_expired` — it was good once.
   * @throws Problem `validation_error` — there are two different ones, or `X-Team-Id` is no id.
   * @throws Problem `resource_not_found` — `X-Team-Id` names no team of the caller's.
   * @throws Problem `forbidden` — a cookie without proof that a page of ours sent it; or its user has left the active team.
   */
  async authenticate(presented: Presented): Promise<Caller> {
    const text = headerCredential(presented.headers);
    if (text === undefined) return this.#byCookie(presented);
    const isToken = text.startsWith(accessTokenPrefix) && !this.#options.isOwnKey(text);
    if (isToken) return this.#byAccessToken(text, presented);
    const caller = await this.#byKey(text, presented);
    return this.inTeam(caller, askedTeam(presented) ?? caller.teamId);
  }

  /**
   * The caller as a member of a team.
   *
   * @throws Problem `resource_not_found` — it is none of the caller's, or not that of the API key.
   */
  async inTeam(caller: Caller, teamId: string): Promise<Caller> {
    if (teamId === caller.teamId) return caller;
    const isByKey = caller.credential.kind === "key";
    const role = isByKey ? undefined : await this.#options.registry.roleOf(teamId, caller.userId);
    if (!role) throw teamNotFound();
    return { ...caller, teamId, role, scopes: scopesOf(role) };
  }

  async #byKey(text: string, { sourceIp }: Presented): Promise<Caller> {
    const { registry, clock, uses, isOwnKey } = this.#options;
    const key = isKey(text) || isOwnKey(text) ? await registry.findKey(digestOf(text)) : undefined;
    if (!key) throw new Problem("invalid_token", "the API key is not valid");
    const { id, userId, teamId, expiresAtMs } = key;
    if (expiresAtMs !== undefined && expiresAtMs <= clock.nowMs()) {
      const time = new Date(expiresAtMs).toISOString();
      throw new Problem("token_expired", `the API key expired at ${time}`);
    }
    const role = await registry.roleOf(teamId, userId);
    if (!role) throw new Problem("invalid_token", "the user of this API key has left its team");
    uses.noteKey(key, sourceIp);
    const scopes = scopesOfKey(key.scopes, role);
    const credential = {
      kind: "key",
      id,
      ...(expiresAtMs !== undefined && { expiresAtMs }),
    } as const;
    return { userId, teamId, role, scopes, credential, sourceIp };
  }

  async #byAccessToken(text: string, presented: Presented): Promise<Caller> {
    const { registry, clock, accessTokens } = this.#options;
    const claims = await accessTokens.verify(text);
    const session = await registry.findSession(claims.sessionId);
    if (session?.kind !== "token" || session.userId !== claims.userId) {
      throw new Problem("invalid_token", "the session of this access token has ended");
    }
    if (isOver(session, clock.nowMs())) throw sessionExpired();
    const asked = askedTeam(presented);
    const caller = await this.#member(session, asked ?? claims.teamId, presented);
    if (caller) return caller;
    if (asked !== undefined) throw teamNotFound();
    const message = "the user has left the team of this access token, refresh it";
    throw new Problem("invalid_token", message);
  }

  async #byCookie(presented: Presented): Promise<Caller> {
    const { uses, csrfKey, publicUrl } = this.#options;
    const text = cookieValue(presented.headers.get("cookie"), cookieForm(publicUrl()));
    if (!text) throw credentialRequired();
    const session = await this.#cookieSession(text);
    demandOwnPage(presented, publicUrl(), csrfToken(csrfKey, session.id));
    uses.noteSession(session);
    const asked = askedTeam(presented);
    const caller = await this.#member(session, asked ?? session.teamId, presented);
    if (caller) return caller;
    if (asked !== undefined) throw teamNotFound();
    return this.#afterLeaving(session, presented);
  }

  async #cookieSession(text: string): Promise<Session> {
    const { registry, clock } = this.#options;
    const session = isSecretText("cookie", text)
      ? await registry.findSessionBySecret(digestOf(text))
      : undefined;
    if (session?.kind !== "cookie") throw new Problem("invalid_token", "the session has ended");
    if (isOver(session, clock.nowMs())) throw sessionExpired();
    return session;
  }

  async #member(
    { id, kind, userId }: Session,
    teamId: string,
    { sourceIp }: Presented,
  ): Promise<Caller | undefined> {
    const role = await this.#options.registry.roleOf(teamId, userId);
    if (!role) return undefined;
    return { userId, teamId, role, scopes: scopesOf(role), credential: { kind, id }, sourceIp };
  }

  /** The dashboard goes on in another team of the user's; what was meant for the one that was left is not done there. */
  async #afterLeaving(session: Session, presented: Presented): Promise<Caller> {
    const { registry } = this.#options;
    const { method } = presented;
    const [next] = await registry.teamsOf(session.userId);
    const caller = next && (await this.#member(session, next.team.id, presented));
    if (!caller) throw new Problem("forbidden", "the user belongs to no team");
    await registry.changeSession(session.id, { teamId: caller.teamId });
    if (method === "GET" || method === "HEAD") return caller;
    throw new Problem("forbidden", "the user has left the active team, which now is another one");
  }
}

/** True for a session past its age, or one of the dashboard that was left alone for long. */
export function isOver({ kind, expiresAtMs, lastUsedAtMs }: Session, nowMs: number): boolean {
  return expiresAtMs <= nowMs || (kind === "cookie" && lastUsedAtMs + cookieIdleMs <= nowMs);
}

/** The text of a key or token; undefined when neither field carries one. */
function headerCredential(headers: Headers): string | undefined {
  // The word is matched in any case (RFC 9110 section 11.1). Another scheme is meant for someone
  // else, such as a gateway before us, and is no credential here.
  const bearer = /^bearer +(.*)$/i.exec(headers.get("authorization") ?? "")?.[1]?.trim();
  const key = headers.get("x-api-key")?.trim();
  if (bearer !== undefined && key !== undefined && bearer !== key) {
    // RFC 6750 section 3.1: more than one way of presenting a credential is an invalid request.
    const message = "Authorization and X-API-Key carry different keys, send one of them";
    const details = ["Authorization", "X-API-Key"].map((field) => ({ field, message }));
    throw new Problem("validation_error", message, { details });
  }
  const text = bearer ?? key;
  if (text === "") throw credentialRequired();
  return text;
}

function askedTeam({ headers }: Presented): string | undefined {
  const text = headers.get("x-team-id");
  if (text === null) return undefined;
  const id = text.toLowerCase();
  if (isUuid(id)) return id;
  throw invalid({ field: "X-Team-Id", message: "must be the id of a team, a UUID" });
}

function credentialRequired(): Problem {
  const message = 'send an API key as "Authorization: Bearer <key>" or as "X-API-Key: <key>"';
  return new Problem("authentication_required", message);
}

function sessionExpired(): Problem {
  return new Problem("token_expired", "the session has expired, sign in again");
}

function teamNotFound(): Problem {
  return new Problem("resource_not_found", "team not found");
}
