/**
 * How a session reaches who began it: as tokens for a program, or as a cookie for the dashboard, whose scripts never see its
 * secret.
 */
import type { Access } from "../access/access.ts";
import { demandOwnOrigin } from "../access/own-page.ts";
import { cookieForm, cookieValues, demandSafeCookie, setCookie } from "../access/session-cookie.ts";
import type { Beginning, Secured } from "../access/user-sessions.ts";
import { invalid } from "../problem.ts";
import type { Session } from "../session.ts";
import type { Registry } from "../store/registry.ts";
import type { User } from "../user.ts";
import { found } from "./operation.ts";
import type { WireSignedIn, WireUser } from "./wire-auth.ts";

export interface SessionAnswerOptions {
  readonly access: Pick<Access, "sessions" | "accessToken" | "csrfToken">;
  readonly registry: Pick<Registry, "findTeam" | "roleOf">;
  /** Where users reach the host. */
  readonly publicUrl: () => string;
}

/** What a request tells of itself, and where its answer's fields go. */
export interface Around {
  readonly head: Headers;
  readonly answerHead: Headers;
  readonly sourceIp: string;
}

/**
 * What the request asks for, to be known before anything is done for it.
 *
 * @throws Problem `forbidden` — a cookie was asked for where it would not be safe, or by a stranger's page.
 */
export function askedKind(head: Headers, publicUrl: string): Session["kind"] {
  const asked = head.get("x-hookwatch-session") ?? "token";
  if (asked === "token") return asked;
  if (asked !== "cookie")
    throw invalid({ field: "X-HookWatch-Session", message: 'must be "cookie" or "token"' });
  demandSafeCookie(publicUrl, head.get("host"));
  // Browsers say where a page is from; other programs have no cookies that a page could use.
  if (head.has("origin") || head.has("sec-fetch-site")) demandOwnOrigin(head, publicUrl);
  return asked;
}

/** Begins a session, and answers it. */
export async function answerNewSession(
  options: SessionAnswerOptions,
  user: User,
  beginning: Omit<Beginning, "sourceIp">,
  { head, answerHead, sourceIp }: Around,
): Promise<WireSignedIn> {
  const secured = await beginSession(options, user, { ...beginning, sourceIp }, head);
  return answerSession(options, user, secured, answerHead);
}

/** The session that a cookie of the same browser stood for ends with it: no secret known before is good after. */
export async function beginSession(
  { access, publicUrl }: Pick<SessionAnswerOptions, "access" | "publicUrl">,
  user: User,
  beginning: Beginning,
  head: Headers,
): Promise<Secured> {
  const secured = await access.sessions.begin(user, beginning);
  if (beginning.kind === "cookie") {
    for (const earlier of cookieValues(head.get("cookie"), cookieForm(publicUrl())))
      await access.sessions.endCookie(earlier, beginning.sourceIp);
  }
  return secured;
}

/** What there is to say of a session; its secret in the header or the body of the answer. */
export async function answerSession(
  options: SessionAnswerOptions,
  user: User,
  { session, secret }: Secured,
  answerHead: Headers,
): Promise<WireSignedIn> {
  const answer = await describeSession(options, user, session);
  if (session.kind === "token") return { ...answer, refresh_token: secret };
  answerHead.append("Set-Cookie", sessionCookie(options.publicUrl(), session, secret));
  return answer;
}

/** The active team, and what goes with each request from now on. */
export async function describeSession(
  { access, registry }: SessionAnswerOptions,
  user: User,
  session: Session,
): Promise<Omit<WireSignedIn, "refresh_token">> {
  const { id, name, plan } = found(await registry.findTeam(session.teamId), "team");
  const role = found(await registry.roleOf(session.teamId, user.id), "team");
  const answer = { user: toWireUser(user), team: { id, name, plan }, role };
  if (session.kind === "cookie") return { ...answer, csrf_token: access.csrfToken(session.id) };
  const { text, expiresInS } = await access.accessToken(session);
  return { ...answer, access_token: text, token_type: "Bearer", expires_in: expiresInS };
}

export function sessionCookie(publicUrl: string, session: Session, secret: string): string {
  const maxAgeS = Math.floor((session.expiresAtMs - session.createdAtMs) / 1_000);
  return setCookie(cookieForm(publicUrl), secret, maxAgeS);
}

/** Makes the browser forget the cookie. */
export function noCookie(publicUrl: string): string {
  return setCookie(cookieForm(publicUrl), "", 0);
}

export function toWireUser({ id, email, createdAtMs }: User): WireUser {
  return { id, email, created_at: new Date(createdAtMs).toISOString() };
}
