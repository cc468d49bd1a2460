/** The JSON shapes of teams, their members, invitations and what they have used. See wire.ts. */
import { z } from "@hono/zod-openapi";
import { roles, teamNameMaxLength } from "../team.ts";
import { emailMaxLength } from "../user.ts";

const uuid = z.uuid();
const time = z.iso.datetime({ precision: 3 });
const count = z.int().min(0);
const role = z
  .enum(roles)
  .describe(
    "`viewer` reads; `member` changes servers, too; `admin` everything but the owners; `owner` everything.",
  );

export const teamSchema = z
  .object({
    id: uuid.describe("UUIDv7."),
    name: z.string(),
    plan: z.string().describe("What it may use: see `GET /v1/usage`."),
    role: role.describe("Yours."),
    is_active: z.boolean().describe("Requests are about this one unless they say otherwise."),
    created_at: time,
  })
  .openapi("Team");

export const teamListSchema = z
  .object({ data: z.array(teamSchema).describe("Oldest membership first."), total: count })
  .openapi("TeamList");

const teamName = z
  .string()
  .openapi({ minLength: 1, maxLength: teamNameMaxLength, example: "Platform" })
  .describe("1 to 100 characters after trimming.");

export const newTeamSchema = z.strictObject({ name: teamName });

export const memberSchema = z
  .object({
    user_id: uuid,
    email: z.string(),
    role,
    created_at: time.describe("When the user joined."),
  })
  .openapi("Member");

export const memberListSchema = z
  .object({ data: z.array(memberSchema).describe("Oldest first."), total: count })
  .openapi("MemberList");

export const memberChangesSchema = z.strictObject({ role });

const invitation = {
  id: uuid.describe("UUIDv7."),
  team_id: uuid,
  email: z.string().describe("Whom it is for; nobody else can accept it."),
  role: role.describe("In which the user joins."),
  user_id: uuid.describe("Who invited."),
  created_at: time,
  expires_at: time,
};

export const invitationSchema = z.object(invitation).openapi("Invitation");

export const invitationListSchema = z
  .object({
    data: z.array(invitationSchema).describe("Newest first; those that have expired, too."),
    total: count,
  })
  .openapi("InvitationList");

export const newInvitationSchema = z.strictObject({
  email: z.string().openapi({ format: "email", maxLength: emailMaxLength }),
  role,
});

export const madeInvitationSchema = z
  .object({
    ...invitation,
    token: z.string().describe("`hwi_…`; shown here and never again."),
    url: z.string().describe("The link for whom you invite: no mail is sent."),
  })
  .openapi("NewInvitation");

export const acceptanceSchema = z.strictObject({
  token: z.string().describe("`hwi_…`, as in the link after `#token=`."),
});

const use = z.object({
  used: count,
  limit: count.nullable().describe("Null without a limit."),
});

export const usageSchema = z
  .object({
    plan: z.string(),
    month: z.string().describe("The calendar month of `calls`, UTC: `2026-11`."),
    servers: use,
    api_keys: use.describe("Expired ones do not count."),
    calls: use.describe("Exchanges through the proxy this month; a few seconds behind."),
    retention_days: count.nullable().describe("Calls are removed after so long; null: never."),
    api_requests_per_minute: count.nullable().describe("Null without a limit."),
  })
  .openapi("Usage");

export type WireTeam = z.input<typeof teamSchema>;
export type WireTeamList = z.input<typeof teamListSchema>;
export type WireMember = z.input<typeof memberSchema>;
export type WireMemberList = z.input<typeof memberListSchema>;
export type WireInvitation = z.input<typeof invitationSchema>;
export type WireInvitationList = z.input<typeof invitationListSchema>;
export type WireNewInvitation = z.input<typeof newInvitationSchema>;
export type WireMadeInvitation = z.input<typeof madeInvitationSchema>;
export type WireUsage = z.input<typeof usageSchema>;
