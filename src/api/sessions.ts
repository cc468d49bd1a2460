/** `/v1/auth/sessions` and what becomes of one's own session: it ends, or goes on in another team. */
import type { Access } from "../access/access.ts";
import { isOver } from "../access/authenticate.ts";
import type { Clock } from "../clock.ts";
import type { Session } from "../session.ts";
import type { Registry } from "../store/registry.ts";
import { checked } from "./fields.ts";
import { found, operation } from "./operation.ts";
import { parseUuid } from "./query-fields.ts";
import { describeSession, noCookie, type SessionAnswerOptions } from "./session-answer.ts";
import { sessionListSchema, switchedTeamSchema, teamSwitchSchema } from "./wire-auth.ts";

export interface SessionsOptions extends SessionAnswerOptions {
  readonly access: Pick<Access, "sessions" | "accessToken" | "csrfToken" | "inTeam">;
  readonly registry: Pick<
    Registry,
    "findTeam" | "roleOf" | "findUser" | "sessions" | "changeSession"
  >;
  readonly clock: Clock;
}

const tag = "Accounts";
const what = "session";
/** Whose they are is a user's matter: a key that leaked must not sign its user out. */
const needs = { scope: "anyone", ofKeys: "never" } as const;

export function sessions(options: SessionsOptions) {
  const { access, registry, publicUrl, clock } = options;
  return {
    list: operation({
      name: "listSessions",
      tag,
      summary: "List where you are signed in",
      needs,
      result: sessionListSchema,
      run: async ({ caller }) => {
        const nowMs = clock.nowMs();
        const all = await registry.sessions(caller.userId);
        const present = all.filter((session) => !isOver(session, nowMs));
        const data = present.map((session) => toWire(session, caller.credential.id));
        return { data, total: data.length };
      },
    }),

    end: operation({
      name: "deleteSession",
      tag,
      summary: "Sign out somewhere else",
      description: "What was signed in there is refused from then on.",
      needs,
      ids: ["id"],
      run: async ({ caller, id, answerHead }) => {
        found((await access.sessions.end(caller, id)) || undefined, what);
        if (id === caller.credential.id) forgetCookie(caller, answerHead, publicUrl());
      },
    }),

    logout: operation({
      name: "logout",
      tag,
      summary: "Sign out here",
      description: "Ends this session: its tokens or its cookie are refused from then on.",
      needs,
      run: async ({ caller, answerHead }) => {
        await access.sessions.end(caller, caller.credential.id);
        forgetCookie(caller, answerHead, publicUrl());
      },
    }),

    switchTeam: switchTeam(options),
  };
}

function switchTeam(options: SessionsOptions) {
  const { access, registry } = options;
  const team_id = teamSwitchSchema.shape.team_id.transform(checked(parseUuid));
  return operation({
    name: "switchTeam",
    tag,
    summary: "Go on in another team",
    description:
      "Makes it the active team of this session. Access tokens keep the team they were made for: the answer has a new one.",
    needs,
    body: teamSwitchSchema.extend({ team_id }).openapi("TeamSwitch"),
    result: switchedTeamSchema,
    problems: ["resource_not_found"],
    run: async ({ caller, body }) => {
      const { teamId, userId, credential } = await access.inTeam(caller, body.team_id);
      const session = found(await registry.changeSession(credential.id, { teamId }), what);
      const user = found(await registry.findUser(userId), "user");
      return describeSession(options, user, session);
    },
  });
}

function forgetCookie(
  { credential }: { readonly credential: { readonly kind: string } },
  answerHead: Headers,
  publicUrl: string,
): void {
  if (credential.kind === "cookie") answerHead.append("Set-Cookie", noCookie(publicUrl));
}

function toWire(session: Session, currentId: string) {
  return {
    id: session.id,
    kind: session.kind,
    source_ip: session.sourceIp,
    created_at: new Date(session.createdAtMs).toISOString(),
    last_used_at: new Date(session.lastUsedAtMs).toISOString(),
    expires_at: new Date(session.expiresAtMs).toISOString(),
    is_current: session.id === currentId,
  };
}
