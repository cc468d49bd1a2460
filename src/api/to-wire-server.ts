/** A server as JSON: to those who may change it, and to those who may only look. */
import type { Caller } from "../caller.ts";
import type { Server } from "../server.ts";
import type { WireServer } from "./wire-servers.ts";

/** `publicUrl`: what proxy URLs begin with. */
export function toWireServer(
  server: Server,
  { scopes }: Pick<Caller, "scopes">,
  publicUrl: string,
): WireServer {
  const { targetUrl } = server;
  return {
    id: server.id,
    user_id: server.userId,
    team_id: server.teamId,
    slug: server.slug,
    name: server.name,
    // Who changes it sends it whole; to others the values of its query, which are keys as often as not, are no matter.
    target_url: scopes.has("servers:write") ? targetUrl : withoutQueryValues(targetUrl),
    is_active: server.isActive,
    capture_level: server.captureLevel,
    upstream_idle_timeout_ms: server.upstreamIdleTimeoutMs ?? null,
    proxy_url: `${publicUrl.replace(/\/+$/, "")}/p/${server.slug}`,
    created_at: new Date(server.createdAtMs).toISOString(),
    updated_at: new Date(server.updatedAtMs).toISOString(),
  };
}

/** A part without "=" may be a value, too. */
function withoutQueryValues(targetUrl: string): string {
  const url = new URL(targetUrl);
  const parts = url.search.slice(1).split("&");
  const hidden = parts.map((part) => (part === "" ? "" : hideValue(part)));
  url.search = hidden.join("&");
  return url.href;
}

function hideValue(part: string): string {
  const at = part.indexOf("=");
  return at === -1 ? hiddenValue : part.slice(0, at + 1) + hiddenValue;
}

const hiddenValue = "redacted";
