/**
 * The sessions of signed-in users: begun by whoever proved who they are, continued by secrets that are good for one use,
 * ended by their users or by a secret that comes twice.
 *
 * Guarantees: a session and its secret are always new. Bounds: 7 days for each; 50 for each user, beyond which the oldest ends.
 */
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import type { Session } from "../session.ts";
import type { Registry } from "../store/registry.ts";
import type { User } from "../user.ts";
import { homeTeam } from "./home-team.ts";
import { digestOf, isSecretText, newSecretText } from "./secret-text.ts";

export const sessionMaxAgeMs = 7 * 86_400_000;
const sessionsMax = 50;

/** How a user proved who they are. */
export type Proof = "password" | "registration" | "sign_in_link" | "oidc";

/** Where and for what a session begins. */
export interface Beginning {
  readonly kind: Session["kind"];
  readonly proof: Proof;
  readonly sourceIp: string;
  /** Absent, or none of the user's: see `homeTeam`. */
  readonly teamId?: string;
}

/** A session and the secret that stands for it: a refresh token or the value of a cookie. */
export interface Secured {
  readonly session: Session;
  readonly secret: string;
}

export class UserSessions {
  readonly #registry: Registry;
  readonly #clock: Clock;

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /** @throws Problem `forbidden` — the user is in no team. */
  async begin(user: User, { kind, proof, sourceIp, teamId }: Beginning): Promise<Secured> {
    const registry = this.#registry;
    const home = await this.#homeTeam(user.id, teamId);
    const earlier = await registry.sessions(user.id);
    for (const { id } of earlier.slice(sessionsMax - 1)) await registry.endSession(id);
    const nowMs = this.#clock.nowMs();
    const session: Session = {
      id: newId(),
      userId: user.id,
      teamId: home,
      kind,
      sourceIp,
      createdAtMs: nowMs,
      lastUsedAtMs: nowMs,
      expiresAtMs: nowMs + sessionMaxAgeMs,
    };
    const secret = newSecretText(secretKinds[kind]);
    await registry.addSession(session, digestOf(secret));
    const details = { session: kind, proof };
    await this.#record(session, sourceIp, { action: "user.signed_in", details });
    return { session, secret };
  }

  /**
   * Continues a session of tokens: the token is spent, and the next one comes with the answer.
   *
   * @throws Problem `invalid_token` — it is none, its session is over, or it was spent before, which ends the session.
   */
  async refresh(token: string, sourceIp: string): Promise<Secured> {
    if (!isSecretText("refresh", token)) throw refreshRefused();
    const secret = newSecretText("refresh");
    const turned = await this.#registry.rotateSession(
      digestOf(token),
      digestOf(secret),
      this.#clock.nowMs(),
    );
    if (!turned) throw refreshRefused();
    if (turned.kind === "rotated") {
      return { session: await this.#inSomeTeam(turned.session), secret };
    }
    const details = { session: turned.session.kind };
    await this.#record(turned.session, sourceIp, { action: "session.reuse_detected", details });
    throw new Problem("invalid_token", "the refresh token was used before, so its session is over");
  }

  /** A new secret for a session of the dashboard. Undefined: the cookie stands for none any more. */
  async renewCookie(cookie: string): Promise<string | undefined> {
    const secret = newSecretText("cookie");
    const turned = await this.#registry.rotateSession(
      digestOf(cookie),
      digestOf(secret),
      this.#clock.nowMs(),
    );
    return turned?.kind === "rotated" ? secret : undefined;
  }

  /** The session that a cookie stands for, if it still does. */
  async endCookie(cookie: string, sourceIp: string): Promise<void> {
    const session = isSecretText("cookie", cookie)
      ? await this.#registry.findSessionBySecret(digestOf(cookie))
      : undefined;
    if (!session || !(await this.#registry.endSession(session.id))) return;
    const details = { session: session.kind };
    await this.#record(session, sourceIp, { action: "user.signed_out", details });
  }

  /** A session of the caller's user, such as the caller's own. False: there is no such session. */
  async end(caller: Caller, id: string): Promise<boolean> {
    const session = await this.#registry.findSession(id);
    if (session?.userId !== caller.userId) return false;
    if (!(await this.#registry.endSession(id))) return false;
    const { credential, sourceIp } = caller;
    const details = { session: session.kind };
    await this.#record(session, sourceIp, { action: "user.signed_out", details }, credential.id);
    return true;
  }

  /** @throws Problem `forbidden` — the user is in no team. */
  async #inSomeTeam(session: Session): Promise<Session> {
    const teamId = await this.#homeTeam(session.userId, session.teamId);
    if (teamId === session.teamId) return session;
    return (await this.#registry.changeSession(session.id, { teamId })) ?? session;
  }

  async #homeTeam(userId: string, preferred: string | undefined): Promise<string> {
    const teamId = await homeTeam(this.#registry, userId, preferred);
    if (teamId !== undefined) return teamId;
    throw new Problem("forbidden", "the user belongs to no team");
  }

  async #record(
    { id, userId, teamId }: Session,
    sourceIp: string,
    what: {
      readonly action: "user.signed_in" | "user.signed_out" | "session.reuse_detected";
      readonly details: Readonly<Record<string, string>>;
    },
    credentialId = id,
  ): Promise<void> {
    const atMs = this.#clock.nowMs();
    const event = { ...what, teamId, userId, credentialId, sourceIp, subjectId: id, atMs };
    await this.#registry.addAudit(event);
  }
}

const secretKinds = { token: "refresh", cookie: "cookie" } as const;

function refreshRefused(): Problem {
  const message = "the refresh token is not valid, or its session is over; sign in again";
  return new Problem("invalid_token", message);
}
