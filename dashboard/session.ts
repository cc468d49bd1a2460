/**
 * Who is signed in. A cookie session and a pasted API key look the same to every screen.
 *
 * Guarantees: after `signedIn` or a sign-in, `credentials` has what requests need.
 */
import { queryOptions, useQuery } from "@tanstack/react-query";
import type { WireMe, WireRegistration } from "../src/api/wire-auth.ts";
import type { WireTeam } from "../src/api/wire-teams.ts";
import { call } from "./api.ts";
import { credentials } from "./credentials.ts";
import { queryClient } from "./query-client.ts";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<WireMe> => {
    const session = await call<WireMe>("/auth/me", { signal });
    credentials.takeSession(session.csrf_token);
    return session;
  },
  staleTime: 60_000,
});

/** Whether whoever is signed in may do that; false until it is known. */
export function useCan(scope: Scope): boolean {
  const { data } = useQuery(sessionQuery);
  return data?.scopes.includes(scope) ?? false;
}

/** Whether the role is at least that; false until it is known. */
export function useReaches(least: Role): boolean {
  const { data } = useQuery(sessionQuery);
  return data !== undefined && ranks.indexOf(data.role) >= ranks.indexOf(least);
}

type Scope = WireMe["scopes"][number];
type Role = WireMe["role"];
const ranks: readonly Role[] = ["viewer", "member", "admin", "owner"];

/** The answer to `X-HookWatch-Session: cookie` sets the cookie; scripts never see the session's secret. */
const asCookie = { "X-HookWatch-Session": "cookie" };

/** @throws Problem — `invalid_token` or `authentication_required`: email and password do not fit. */
export async function signIn(email: string, password: string): Promise<void> {
  credentials.forget();
  await call("/auth/login", { method: "POST", headers: asCookie, body: { email, password } });
  await begin();
}

/** @throws Problem — the link was used before, or has expired. */
export async function signInByLink(token: string): Promise<void> {
  credentials.forget();
  await call("/auth/sign-in-link", { method: "POST", headers: asCookie, body: { token } });
  await begin();
}

/** @throws Problem — with the fields that are wrong; sign-up is closed; the invitation is for another address. */
export async function register(body: WireRegistration): Promise<void> {
  credentials.forget();
  await call("/auth/register", { method: "POST", headers: asCookie, body });
  await begin();
}

/** Joins the team and makes it the active one. @throws Problem — it is not for this user, spent, or expired. */
export async function acceptInvitation(token: string): Promise<void> {
  const team = await call<WireTeam>("/invitations/accept", { method: "POST", body: { token } });
  await switchTeam(team.id);
}

/** Loads the page anew: nothing of the other team's stays on it, and no stream goes on. */
export async function switchTeam(teamId: string): Promise<void> {
  await call("/auth/switch-team", { method: "POST", body: { team_id: teamId } });
  window.location.assign("/");
}

/** @throws Problem — the key is not known. */
export async function signInByKey(key: string): Promise<void> {
  credentials.takeApiKey(key);
  await begin().catch((cause: unknown) => {
    credentials.forget();
    throw cause;
  });
}

export async function signOut(): Promise<void> {
  if (credentials.apiKey === undefined) await call("/auth/logout", { method: "POST", body: {} });
  credentials.forget();
  queryClient.clear();
}

/** Everything known of whoever was signed in before is forgotten. */
async function begin(): Promise<void> {
  queryClient.clear();
  await queryClient.fetchQuery(sessionQuery);
}
