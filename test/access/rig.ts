/**
 * Access over a registry in memory, on a clock that the test moves. Passwords cost next to nothing, unless a test is about
 * what they cost.
 */
import { type AccessOptions, openAccess } from "../../src/access/access.ts";
import { lastFourOf, newKeyText } from "../../src/access/keys.ts";
import { digestOf } from "../../src/access/secret-text.ts";
import type { Secured } from "../../src/access/user-sessions.ts";
import { type ApiKey, scopes } from "../../src/api-key.ts";
import type { AuditAction, AuditEntry } from "../../src/audit.ts";
import type { Caller } from "../../src/caller.ts";
import { newId } from "../../src/id.ts";
import type { Session } from "../../src/session.ts";
import { openMemoryRegistry } from "../../src/store/memory/registry.ts";
import type { Founding } from "../../src/store/registry.ts";
import type { Role } from "../../src/team.ts";
import { type LogFields, silentLog } from "../../src/telemetry.ts";

export const publicUrl = "https://hookwatch.example";
export const startMs = Date.parse("2026-11-20T12:34:56.789Z");
export const cheap = { memoryKiB: 8, passes: 1, lanes: 1 };
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

export type AccessRig = Awaited<ReturnType<typeof openAccessRig>>;

export async function openAccessRig(options: Partial<AccessOptions> = {}) {
  await using open = new AsyncDisposableStack();
  const registry = open.use(openMemoryRegistry());
  let passedMs = 0;
  const clock = { nowMs: () => startMs + passedMs, monotonicMs: () => passedMs };
  const warnings: { readonly fields: LogFields; readonly message: string }[] = [];
  const warn = (fields: LogFields, message: string) => void warnings.push({ fields, message });
  const access = open.use(
    await openAccess({
      ...{ registry, clock, log: { ...silentLog, warn }, publicUrl: () => publicUrl },
      ...{ isSignupOpen: false, defaultPlan: () => "default", passwordCost: cheap },
      ...options,
    }),
  );
  const owner = foundingOf("owner@example.com");
  await registry.bootstrap(owner);

  /** Another user, with a team of their own. */
  async function addUser(email: string, passwordHash?: string): Promise<Founding> {
    const founding = foundingOf(email);
    await registry.addUser(founding, passwordHash, trail(founding.team.id, "user.registered"));
    return founding;
  }

  /** The user joins the owner's team. */
  async function join({ user }: Founding, role: Role): Promise<void> {
    const secretDigest = digestOf(newId());
    const { email } = user;
    await registry.addInvitation(
      {
        ...{ id: newId(), teamId: owner.team.id, userId: owner.user.id, email, role },
        ...{ secretDigest, createdAtMs: clock.nowMs(), expiresAtMs: clock.nowMs() + dayMs },
      },
      trail(owner.team.id, "invitation.created"),
    );
    const { teamId: _, ...joined } = trail(owner.team.id, "member.joined");
    await registry.acceptInvitation(secretDigest, user, { ...joined, atMs: clock.nowMs() });
  }

  /** A key of the owner, with every scope, unless changed; its text. */
  async function addKey(changes: Partial<ApiKey> = {}): Promise<{ text: string; key: ApiKey }> {
    const text = newKeyText();
    const key: ApiKey = {
      ...{ id: newId(), teamId: owner.team.id, userId: owner.user.id, name: "a key", scopes },
      ...{ secretDigest: digestOf(text), lastFour: lastFourOf(text), createdAtMs: 1 },
      ...changes,
    };
    await registry.addKey(key, 0);
    return { text, key };
  }

  function begin({ user }: Founding, kind: Session["kind"], teamId?: string): Promise<Secured> {
    const beginning = { kind, proof: "password", sourceIp: "192.0.2.1" } as const;
    return access.sessions.begin(user, { ...beginning, ...(teamId !== undefined && { teamId }) });
  }

  /** What the access token of a new session is. */
  async function token(whose: Founding, teamId?: string): Promise<{ text: string; id: string }> {
    const { session } = await begin(whose, "token", teamId);
    return { text: (await access.accessToken(session)).text, id: session.id };
  }

  const opened = open.move();
  return {
    ...{ registry, access, clock, owner, warnings, addUser, join, addKey, begin, token },
    pass: (ms: number) => {
      passedMs += ms;
    },
    ask: (
      fields: Readonly<Record<string, string>>,
      method = "GET",
      sourceIp = "192.0.2.1",
    ): Promise<Caller> => access.authenticate({ method, headers: new Headers(fields), sourceIp }),
    audited: async (teamId = owner.team.id): Promise<readonly AuditEntry[]> =>
      (await registry.audit(teamId, { limit: 1_000, actions: [] })).toReversed(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function foundingOf(email: string): Founding {
  return {
    user: { id: newId(), email, createdAtMs: 1 },
    team: { id: newId(), name: `team of ${email}`, plan: "default", createdAtMs: 1 },
  };
}

function trail(teamId: string, action: AuditAction) {
  return { teamId, action, sourceIp: "", subjectId: "", details: {}, atMs: 1 };
}
