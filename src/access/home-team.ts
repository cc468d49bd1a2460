/** The team a user works in when nothing says which. */
import type { Registry } from "../store/registry.ts";

/**
 * The preferred one if the user is in it, else the one of the latest session, else the one joined first.
 * Undefined: the user is in no team.
 */
export async function homeTeam(
  registry: Pick<Registry, "teamsOf" | "sessions">,
  userId: string,
  preferredTeamId?: string,
): Promise<string | undefined> {
  const teams = (await registry.teamsOf(userId)).map(({ team }) => team.id);
  if (preferredTeamId !== undefined && teams.includes(preferredTeamId)) return preferredTeamId;
  const worked = (await registry.sessions(userId)).map(({ teamId }) => teamId);
  return worked.find((id) => teams.includes(id)) ?? teams[0];
}
