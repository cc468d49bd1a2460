/** Which scope an exchange speaks in, as far as its fields, its path and its answer tell. */
import type { ExchangeOpening } from "../exchange.ts";
import type { CaptureContext } from "./capture-context.ts";
import { toStreamId } from "./legacy-endpoint.ts";
import { Scope, type ScopeKind, toScopeKey } from "./scopes.ts";

/** What is known when the exchange opens. */
export function findScope(
  context: CaptureContext,
  { serverId, path }: ExchangeOpening,
  fields: ReadonlyMap<string, string>,
): Scope {
  const sessionId = fields.get("mcp-session-id");
  if (sessionId) {
    return (
      context.scopes.find(serverId, "session", sessionId) ??
      toScope(context, serverId, "session", sessionId)
    );
  }
  const streamId = path === "" ? undefined : toStreamId(path);
  const stream = streamId && context.scopes.find(serverId, "stream", streamId);
  return stream || new Scope(serverId);
}

export function toScope(
  context: CaptureContext,
  serverId: string,
  kind: ScopeKind,
  id: string,
): Scope {
  return new Scope(serverId, toScopeKey(kind, id), context.seal.sessionId(serverId, id));
}

/** Makes the scope known; requests that were opened before follow. */
export function moveTo(context: CaptureContext, from: Scope, to: Scope): Scope {
  const scope = context.scopes.adopt(to);
  if (scope === from) return scope;
  for (const draft of from.fromClient.values()) scope.register(draft);
  for (const draft of from.fromServer.values()) scope.register(draft);
  return scope;
}
