/** The route table: every operation at its place, on one screen. The OpenAPI document comes from it. */
import type { CallLog } from "../store/call-log.ts";
import type { Registry } from "../store/registry.ts";
import { apiKeys } from "./api-keys.ts";
import { audit } from "./audit.ts";
import { type AuthOptions, auth } from "./auth.ts";
import { boundedLog } from "./bounded-log.ts";
import { callExport } from "./call-export.ts";
import { callStream } from "./call-stream.ts";
import { calls } from "./calls.ts";
import { facets } from "./facets.ts";
import type { Followers } from "./followers.ts";
import { histogram } from "./histogram.ts";
import { invitations } from "./invitations.ts";
import { losses } from "./losses.ts";
import { members } from "./members.ts";
import { metrics } from "./metrics.ts";
import type { Operation } from "./operation.ts";
import type { Method } from "./operation-route.ts";
import { type OwnCalls, ownCalls } from "./own-calls.ts";
import { type ServersOptions, servers } from "./servers.ts";
import { type TeamsOptions, teams } from "./teams.ts";
import { type UsageOptions, usage } from "./usage.ts";

export interface RoutesOptions
  extends Omit<ServersOptions, "log">,
    AuthOptions,
    OwnCalls,
    Pick<TeamsOptions, "defaultPlan">,
    Pick<UsageOptions, "usedBy"> {
  readonly registry: Registry;
  readonly log: Omit<
    CallLog,
    "append" | "addLosses" | "prune" | "pruneBodies" | "sweep" | typeof Symbol.asyncDispose
  >;
  /** Who follows that log; told of what is stored, and of the end, by the host. */
  readonly followers: Followers;
  readonly version: string;
}

export type RouteTable = Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>>;

export function routes({ log: unbounded, ...others }: RoutesOptions): RouteTable {
  const log = boundedLog(unbounded);
  const options = { ...others, log };
  const { registry, clock, followers } = options;
  const team = teams(options);
  const member = members(options);
  const invitation = invitations(options);
  const key = apiKeys(options);
  const server = servers(options);
  const call = calls(options);
  return {
    ...auth(options),
    "/v1/teams": { get: team.list, post: team.create },
    "/v1/teams/{id}": { get: team.get, put: team.rename },
    "/v1/teams/{id}/members": { get: member.list },
    "/v1/teams/{id}/members/{user_id}": { put: member.change, delete: member.remove },
    "/v1/teams/{id}/invitations": { get: invitation.list, post: invitation.create },
    "/v1/teams/{id}/invitations/{invitation_id}": { delete: invitation.remove },
    "/v1/invitations/accept": { post: invitation.accept },
    "/v1/usage": { get: usage(options) },
    "/v1/api-keys": { get: key.list, post: key.create },
    "/v1/api-keys/{id}": { delete: key.remove },
    "/v1/audit": { get: audit(registry) },
    ...ownCalls(options),
    "/v1/mcp/servers": { get: server.list, post: server.create },
    "/v1/mcp/servers/{id}": { get: server.get, put: server.change, delete: server.remove },
    "/v1/mcp/servers/{id}/rotate-slug": { post: server.rotateSlug },
    "/v1/mcp/calls": { get: call.list },
    // Before `{id}`, so that these words are never taken for one.
    "/v1/mcp/calls/count": { get: call.count },
    "/v1/mcp/calls/metrics": { get: metrics(log, registry, clock) },
    "/v1/mcp/calls/facets": { get: facets(log) },
    "/v1/mcp/calls/histogram": { get: histogram(log, clock) },
    "/v1/mcp/calls/losses": { get: losses(log) },
    "/v1/mcp/calls/stream": { get: callStream(followers) },
    // With places of their own, so that questions beside it cannot break one off.
    "/v1/mcp/calls/export": { get: callExport({ ...options, log: unbounded }) },
    "/v1/mcp/calls/{id}": { get: call.get, delete: call.remove },
    "/v1/mcp/calls/{id}/messages": { get: call.messages },
  };
}
