/** What each data plane gets of what there is for all of them. */
import type { Config } from "./config.ts";
import type { PlaneStart } from "./plane-messages.ts";
import { TeamCounts } from "./team-counts.ts";

/** Open connections of one client; 0 is no limit. The system shares a client's connections out evenly, about. */
export function connectionsShare({
  dataPlanes,
  connectionsPerClientMax,
}: Pick<Config, "dataPlanes" | "connectionsPerClientMax">): number {
  return Math.ceil(connectionsPerClientMax / dataPlanes);
}

/** What the main thread counts teams by; undefined where nobody else does, or nothing is limited. */
export function countsFor({
  dataPlanes,
  exchangesPerTeamMax,
}: Pick<Config, "dataPlanes" | "exchangesPerTeamMax">): TeamCounts | undefined {
  if (dataPlanes === 1 || exchangesPerTeamMax === 0) return undefined;
  return new TeamCounts(0, TeamCounts.memoryFor(dataPlanes));
}

/** As it may cross to another thread. */
export function withoutSecrets({
  apiKey: _,
  oidcClientSecret: __,
  ...rest
}: Config): PlaneStart["config"] {
  return rest;
}
