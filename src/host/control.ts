/** Joins the control plane: who asks (`access`), what they are answered (`api`), and what their plans allow. */
import { type AccessOptions, openAccess } from "../access/access.ts";
import { type ControlPlane, controlPlane } from "../api/control-plane.ts";
import type { Followers } from "../api/followers.ts";
import type { OwnCalls } from "../api/own-calls.ts";
import { systemClock } from "../clock.ts";
import { outboundFetch } from "../proxy/outbound-fetch.ts";
import { sourceIp } from "../proxy/source-ip.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";
import type { Config } from "./config.ts";
import type { Network } from "./network.ts";
import type { Plans } from "./plans.ts";
import type { PlanUsage } from "./plans-usage.ts";
import type { ReadableCallLog } from "./remote-call-log.ts";
import { SessionPruning } from "./session-pruning.ts";

export interface ControlParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly calls: ReadableCallLog;
  readonly followers: Followers;
  readonly plans: Plans;
  readonly usage: PlanUsage;
  readonly network: Network;
  readonly ownCalls: OwnCalls;
  readonly publicUrl: () => string;
  readonly isOwnKey: (text: string) => boolean;
  readonly log: Log;
  readonly version: string;
}

/** What it opens is closed with `open`. */
export async function openControl(
  open: AsyncDisposableStack,
  parts: ControlParts,
): Promise<ControlPlane> {
  const { config, registry, calls, followers, plans, usage, network, log } = parts;
  const { publicUrl, isOwnKey, version } = parts;
  const clock = systemClock;
  const defaultPlan = () => plans.default.name;
  const isSignupOpen = config.signup === "open";
  const access = open.use(
    await openAccess({
      ...{ registry, clock, log, publicUrl, isOwnKey, isSignupOpen, defaultPlan },
      ...providerOf(config, network, open),
    }),
  );
  open.use(new SessionPruning(registry, clock, log));
  return controlPlane({
    ...parts.ownCalls,
    ...{ registry, log: calls, followers, access, publicUrl, clock, version },
    refuseTarget: network.egress.refuse,
    sourceIp: ({ socket, rawHeaders }) =>
      sourceIp(socket.remoteAddress, rawHeaders, network.trustedProxies),
    planOf: (teamId) => plans.ofTeam(teamId),
    defaultPlan,
    usedBy: (teamId) => usage.usedBy(teamId),
    report: log,
  });
}

/** Where else users may sign in; nothing where they sign in here alone. */
function providerOf(
  {
    oidcIssuer: issuer,
    oidcClientId: clientId,
    oidcClientSecret: secret,
    oidcAllowedDomains: allowedDomains,
  }: Config,
  { egress }: Network,
  open: AsyncDisposableStack,
): Pick<AccessOptions, "provider" | "send" | "allowedDomains"> {
  if (issuer === undefined || clientId === undefined) return {};
  const provider = { issuer, clientId, clientSecret: secret?.reveal() };
  return { provider, send: open.use(outboundFetch(egress)).fetch, allowedDomains };
}
