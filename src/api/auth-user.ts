/** `/v1/auth/me`: who asks, and what they may; `/v1/auth/change-password`. */
import type { Access } from "../access/access.ts";
import { cookieForm, cookieValue } from "../access/session-cookie.ts";
import { scopes } from "../api-key.ts";
import type { Caller } from "../caller.ts";
import type { Plan } from "../plan.ts";
import type { Registry } from "../store/registry.ts";
import { checkNewPassword, passwordMaxLength } from "../user.ts";
import { checked } from "./fields.ts";
import { found, operation } from "./operation.ts";
import { sessionCookie, toWireUser } from "./session-answer.ts";
import { meSchema, passwordChangeSchema, type WireMe } from "./wire-auth.ts";

export interface AuthUserOptions {
  readonly access: Pick<Access, "sessions" | "setPassword" | "csrfToken">;
  readonly registry: Pick<
    Registry,
    "findUser" | "findTeam" | "teamsOf" | "passwordHash" | "findSession"
  >;
  readonly planOf: (teamId: string) => Promise<Plan>;
  /** Where users reach the host. */
  readonly publicUrl: () => string;
}

const tag = "Accounts";

export function authUser(options: AuthUserOptions) {
  const { access } = options;
  return {
    me: operation({
      name: "getMe",
      tag,
      summary: "Who you are, and what you may do",
      needs: { scope: "anyone" },
      result: meSchema,
      run: async ({ caller }) => describeCaller(options, caller),
    }),

    changePassword: operation({
      name: "changePassword",
      tag,
      summary: "Change your password, or set the first",
      description:
        "Ends all your other sessions and sign-in links. The cookie of the dashboard is replaced by a new one.",
      needs: { scope: "anyone", ofKeys: "never" },
      body: passwordChangeSchema
        .extend({
          current_password: passwordChangeSchema.shape.current_password
            .unwrap()
            .max(passwordMaxLength)
            .optional(),
          new_password: passwordChangeSchema.shape.new_password.transform(checked(passed)),
        })
        .openapi("PasswordChange"),
      run: async ({ caller, head, answerHead, body }) => {
        await access.setPassword(caller, body.current_password, body.new_password);
        if (caller.credential.kind === "cookie")
          await renewCookie(options, caller, head, answerHead);
      },
    }),
  };
}

async function describeCaller(
  { access, registry, planOf }: AuthUserOptions,
  caller: Caller,
): Promise<WireMe> {
  const { userId, teamId, role, credential } = caller;
  const user = found(await registry.findUser(userId), "user");
  const { id, name, plan } = found(await registry.findTeam(teamId), "team");
  const all = await registry.teamsOf(userId);
  const isShown = (team: { readonly id: string }) => credential.kind !== "key" || team.id === id;
  const teams = all.filter(({ team }) => isShown(team));
  return {
    user: toWireUser(user),
    has_password: (await registry.passwordHash(userId)) !== undefined,
    team: { id, name, plan },
    role,
    scopes: scopes.filter((scope) => caller.scopes.has(scope)),
    credential: { kind: credential.kind, id: credential.id },
    plan: toWirePlan(await planOf(teamId)),
    teams: teams.map((one) => ({ id: one.team.id, name: one.team.name, role: one.role })),
    ...(credential.kind === "cookie" && { csrf_token: access.csrfToken(credential.id) }),
  };
}

/** So that a cookie that somebody copied before the change is worth nothing after it. */
async function renewCookie(
  { access, registry, publicUrl }: AuthUserOptions,
  { credential }: Caller,
  head: Headers,
  answerHead: Headers,
): Promise<void> {
  const url = publicUrl();
  const present = cookieValue(head.get("cookie"), cookieForm(url)) ?? "";
  const secret = await access.sessions.renewCookie(present);
  const session = await registry.findSession(credential.id);
  if (secret !== undefined && session)
    answerHead.append("Set-Cookie", sessionCookie(url, session, secret));
}

function toWirePlan(plan: Plan): WireMe["plan"] {
  return {
    name: plan.name,
    servers_max: limited(plan.serversMax),
    keys_max: limited(plan.keysMax),
    calls_per_month: limited(plan.callsPerMonth),
    retention_days: limited(plan.retentionDays),
    api_requests_per_minute: limited(plan.apiRequestsPerMinute),
  };
}

function limited(limit: number): number | null {
  return limit === 0 ? null : limit;
}

function passed(text: string): string {
  checkNewPassword(text, "new_password");
  return text;
}
