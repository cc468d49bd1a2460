/**
 * Invitations: how users come into a team that exists. `/v1/teams/{id}/invitations`, `/v1/invitations/accept`.
 *
 * Guarantees: an invitation's secret is shown once, to who invites, and rests as a digest; it is good for 24 h, for one
 * use, and for the user of one address. What cannot be accepted is refused in one way, whyever. Bounds: 100 of
 * a team; those that expired make room.
 */
import { digestOf, isSecretText, newSecretText } from "../access/secret-text.ts";
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../id.ts";
import { invalid, Problem } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import { type Invitation, type Role, reaches } from "../team.ts";
import { parseEmail } from "../user.ts";
import { checked } from "./fields.ts";
import { found, operation } from "./operation.ts";
import { trailOf } from "./trail.ts";
import {
  acceptanceSchema,
  invitationListSchema,
  madeInvitationSchema,
  newInvitationSchema,
  teamSchema,
  type WireInvitation,
} from "./wire-teams.ts";

export interface InvitationsOptions {
  readonly registry: Pick<
    Registry,
    | "invitations"
    | "addInvitation"
    | "removeInvitation"
    | "acceptInvitation"
    | "findUser"
    | "roleOf"
  >;
  /** What links begin with. */
  readonly publicUrl: () => string;
  readonly clock: Pick<Clock, "nowMs">;
}

const tag = "Teams";
const what = "invitation";
const needs = { scope: "admin" } as const;
const goodForMs = 24 * 3_600_000;
const invitationsMax = 100;

export function invitations(options: InvitationsOptions) {
  const { registry, publicUrl, clock } = options;
  const email = newInvitationSchema.shape.email.transform(checked(parseEmail));

  return {
    list: operation({
      name: "listInvitations",
      tag,
      summary: "List a team's invitations",
      needs,
      ids: ["id"],
      inTeam: true,
      result: invitationListSchema,
      run: async ({ id }) => {
        const all = await registry.invitations(id);
        return { data: all.map(toWire), total: all.length };
      },
    }),

    create: operation({
      name: "createInvitation",
      tag,
      summary: "Invite someone to a team",
      description:
        "Replaces an earlier invitation of the same address. `url` is for whom you invite, shown in this answer " +
        "alone, good once and for 24 hours. At most in your own role.",
      needs,
      ids: ["id"],
      inTeam: true,
      body: newInvitationSchema.extend({ email }).openapi("InvitationRequest"),
      result: madeInvitationSchema,
      created: true,
      problems: ["resource_exists", "plan_limit_reached"],
      run: async ({ caller, id, body }) => {
        demandRank(caller, body.role);
        const nowMs = clock.nowMs();
        await makeRoom(registry, caller, nowMs);
        const token = newSecretText("invitation");
        const invitation: Invitation = {
          ...{ id: newId(), teamId: id, email: body.email, role: body.role, userId: caller.userId },
          secretDigest: digestOf(token),
          ...{ createdAtMs: nowMs, expiresAtMs: nowMs + goodForMs },
        };
        const details = { email: body.email, role: body.role };
        const trail = trailOf(caller, nowMs, "invitation.created", invitation.id, details);
        await registry.addInvitation(invitation, trail, invitationsMax);
        const url = `${publicUrl().replace(/\/+$/, "")}/invitation#token=${token}`;
        return { ...toWire(invitation), token, url };
      },
    }),

    remove: operation({
      name: "deleteInvitation",
      tag,
      summary: "Revoke an invitation",
      needs,
      ids: ["id", "invitation_id"],
      inTeam: true,
      run: async ({ caller, id, invitation_id }) => {
        const all = await registry.invitations(id);
        const invitation = found(
          all.find((one) => one.id === invitation_id),
          what,
        );
        const trail = revocation(caller, invitation, clock.nowMs());
        found((await registry.removeInvitation(id, invitation_id, trail)) || undefined, what);
      },
    }),

    accept: acceptance(options),
  };
}

function acceptance({ registry, clock }: InvitationsOptions) {
  return operation({
    name: "acceptInvitation",
    tag,
    summary: "Accept an invitation",
    description:
      "Joins the team. One that is unknown, spent, revoked, expired or meant for another address is not found.",
    needs: { scope: "anyone", ofKeys: "never" },
    body: acceptanceSchema
      .extend({ token: acceptanceSchema.shape.token.transform(checked(checkToken)) })
      .openapi("Acceptance"),
    result: teamSchema,
    problems: ["resource_not_found"],
    run: async ({ caller, activeTeamId, body: { token } }) => {
      const user = found(await registry.findUser(caller.userId), what);
      const { teamId: _, ...trail } = trailOf(caller, clock.nowMs(), "member.joined", user.id, {
        email: user.email,
      });
      const team = found(await registry.acceptInvitation(digestOf(token), user, trail), what);
      const role = found(await registry.roleOf(team.id, user.id), what);
      return {
        ...{ id: team.id, name: team.name, plan: team.plan, role },
        is_active: team.id === activeTeamId,
        created_at: new Date(team.createdAtMs).toISOString(),
      };
    },
  });
}

/** Where there are as many as there may be, those that have expired go. */
async function makeRoom(
  registry: Pick<Registry, "invitations" | "removeInvitation">,
  caller: Caller,
  nowMs: number,
): Promise<void> {
  const all = await registry.invitations(caller.teamId);
  if (all.length < invitationsMax) return;
  const expired = all.filter(({ expiresAtMs }) => expiresAtMs <= nowMs);
  for (const old of expired) {
    await registry.removeInvitation(caller.teamId, old.id, revocation(caller, old, nowMs));
  }
}

/** @throws Problem `forbidden` — the role is above the caller's. */
export function demandRank({ role: own }: Pick<Caller, "role">, role: Role): void {
  if (reaches(own, role)) return;
  throw new Problem("forbidden", `this needs the role ${role}, and yours is ${own}`);
}

function checkToken(text: string): string {
  if (isSecretText("invitation", text)) return text;
  throw invalid({ field: "token", message: "is no invitation; was the link copied whole?" });
}

function revocation(caller: Caller, { id, email, role }: Invitation, atMs: number) {
  return trailOf(caller, atMs, "invitation.revoked", id, { email, role });
}

function toWire(invitation: Invitation): WireInvitation {
  return {
    id: invitation.id,
    team_id: invitation.teamId,
    email: invitation.email,
    role: invitation.role,
    user_id: invitation.userId,
    created_at: new Date(invitation.createdAtMs).toISOString(),
    expires_at: new Date(invitation.expiresAtMs).toISOString(),
  };
}
