/** The JSON shapes of accounts, sessions and how one signs in. See wire.ts. */
import { z } from "@hono/zod-openapi";
import { scopes } from "../api-key.ts";
import { roles, teamNameMaxLength } from "../team.ts";
import { emailMaxLength, passwordMaxLength, passwordMinLength } from "../user.ts";

const uuid = z.uuid();
const time = z.iso.datetime({ precision: 3 });
const limit = z.int().min(1).nullable().describe("Null: no limit.");
const role = z.enum(roles).describe("Yours in that team, at this moment.");

const email = z.string().openapi({
  format: "email",
  maxLength: emailMaxLength,
  example: "ada@example.com",
});

const password = z
  .string()
  .openapi({ format: "password", minLength: 1, maxLength: passwordMaxLength });

const newPassword = z
  .string()
  .openapi({
    format: "password",
    minLength: passwordMinLength,
    maxLength: passwordMaxLength,
  })
  .describe(
    `${passwordMinLength} to ${passwordMaxLength} characters; which ones is your choice alone.`,
  );

const user = z
  .object({ id: uuid.describe("UUIDv7."), email: z.string(), created_at: time })
  .openapi("User");

const activeTeam = z.object({ id: uuid, name: z.string(), plan: z.string() });

export const loginSchema = z.strictObject({ email, password });

export const registrationSchema = z.strictObject({
  email,
  password: newPassword,
  team_name: z
    .string()
    .optional()
    .openapi({ minLength: 1, maxLength: teamNameMaxLength, example: "Platform" })
    .describe("Of the team that is your own; 1 to 100 characters after trimming."),
  invitation: z
    .string()
    .optional()
    .describe(
      "`hwi_…`: the token of an invitation to your address; asked for unless sign-up is open.",
    ),
});

export const refreshSchema = z.strictObject({
  refresh_token: z.string().describe("`hwr_…`; good for one use."),
});

export const linkSchema = z.strictObject({
  token: z.string().describe("`hwl_…`, as in the link after `#token=`; good for one use."),
});

export const passwordChangeSchema = z.strictObject({
  current_password: password.optional().describe("Asked for unless you have none."),
  new_password: newPassword,
});

export const teamSwitchSchema = z.strictObject({ team_id: z.string().openapi({ format: "uuid" }) });

const sessionAnswer = {
  user,
  team: activeTeam.describe("The active one."),
  role,
  csrf_token: z
    .string()
    .optional()
    .describe("With the cookie only: send it as `X-CSRF-Token` with whatever changes something."),
  access_token: z
    .string()
    .optional()
    .describe("`hwa_…`: send it as `Authorization: Bearer`; absent with the cookie."),
  token_type: z.literal("Bearer").optional(),
  expires_in: z.int().min(0).optional().describe("Seconds that the access token is good for."),
};

export const signedInSchema = z
  .object({
    ...sessionAnswer,
    refresh_token: z
      .string()
      .optional()
      .describe("`hwr_…`: gets the next access token, once, until the session is 7 days old."),
  })
  .openapi("SignedIn");

export const switchedTeamSchema = z.object(sessionAnswer).openapi("SwitchedTeam");

export const meSchema = z
  .object({
    user,
    has_password: z.boolean().describe("False for who signs in by links or a provider alone."),
    team: activeTeam.describe("The one that requests are about."),
    role,
    scopes: z.array(z.enum(scopes)).readonly().describe("What this credential may do."),
    credential: z.object({
      kind: z.enum(["key", "token", "cookie"]),
      id: uuid.describe("Of the API key or the session."),
    }),
    plan: z
      .object({
        name: z.string(),
        servers_max: limit,
        keys_max: limit,
        calls_per_month: limit,
        retention_days: limit,
        api_requests_per_minute: limit,
      })
      .describe("What the team may use; `GET /v1/usage` says what it has used."),
    teams: z
      .array(z.object({ id: uuid, name: z.string(), role }))
      .describe("Yours, oldest membership first; of an API key its own."),
    csrf_token: sessionAnswer.csrf_token,
  })
  .openapi("Me");

export const signInMethodsSchema = z
  .object({
    signup: z.enum(["closed", "open"]).describe("Whether anyone may register."),
    oidc: z.boolean().describe("Whether `GET /v1/auth/oidc/start` leads to a provider."),
  })
  .openapi("SignInMethods");

export const sessionListSchema = z
  .object({
    data: z
      .array(
        z.object({
          id: uuid.describe("UUIDv7."),
          kind: z.enum(["token", "cookie"]).describe("`cookie`: of the dashboard."),
          source_ip: z.string().describe("Where it was begun from."),
          created_at: time,
          last_used_at: time.describe("At most a minute behind."),
          expires_at: time.describe("Over then, however much it is used."),
          is_current: z.boolean().describe("It is the one that asks."),
        }),
      )
      .describe("Newest first."),
    total: z.int().min(0),
  })
  .openapi("SessionList");

export type WireUser = z.input<typeof user>;
export type WireRegistration = z.input<typeof registrationSchema>;
export type WireSignedIn = z.input<typeof signedInSchema>;
export type WireSwitchedTeam = z.input<typeof switchedTeamSchema>;
export type WireMe = z.input<typeof meSchema>;
export type WireSignInMethods = z.input<typeof signInMethodsSchema>;
export type WireSessionList = z.input<typeof sessionListSchema>;
