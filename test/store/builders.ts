/**
 * Calls, servers and keys for tests, each made of a label: the same label is the same thing, and a test
 * names only what it is about.
 */
import { createHash } from "node:crypto";
import type { ApiKey } from "../../src/api-key.ts";
import type { Call } from "../../src/call.ts";
import type { Server } from "../../src/server.ts";

/** A valid UUIDv7, the same for the same label. */
export function id(label: string): string {
  const hex = createHash("sha256").update(label).digest("hex");
  const variant = "89ab".charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const teamId = id("team");
export const userId = id("user");
export const otherTeamId = id("another team");

/** 2025-10-09T08:53:20Z. */
export const startMs = 1_760_000_000_000;

export function call(label: string, changes: Partial<Call> = {}): Call {
  return {
    id: id(`call ${label}`),
    parentId: "",
    logicalId: id(`call ${label}`),
    teamId,
    serverId: id("server"),
    kind: "request",
    direction: "client",
    method: "tools/call",
    toolName: "forecast",
    rpcId: "7",
    path: "",
    requestBody: '{"jsonrpc":"2.0","id":7,"method":"tools/call"}',
    responseBody: '{"jsonrpc":"2.0","id":7,"result":{}}',
    status: "success",
    resultType: "complete",
    statusCode: 200,
    errorMessage: "",
    errorKind: "",
    errorCode: null,
    durationMs: 12,
    ttfbMs: 9,
    sourceIp: "127.0.0.1",
    headers: { "content-type": "application/json" },
    headerMismatches: [],
    sessionId: "",
    protocolVersion: "2025-06-18",
    clientName: "agent",
    clientVersion: "1.0",
    requestBytes: 46,
    responseBytes: 36,
    requestTruncated: false,
    responseTruncated: false,
    traceId: "",
    startedAtMs: startMs,
    messages: [],
    ...changes,
  };
}

/** So many calls, a second apart, the last one the newest. */
export function calls(count: number, changes: Partial<Call> = {}): Call[] {
  return Array.from({ length: count }, (_, index) =>
    call(`${index}`, { startedAtMs: startMs + index * 1_000, ...changes }),
  );
}

export function server(label: string, changes: Partial<Server> = {}): Server {
  return {
    id: id(`server ${label}`),
    userId,
    teamId,
    slug: id(`slug ${label}`).replaceAll("-", ""),
    name: label,
    targetUrl: `https://${label}.example/mcp`,
    isActive: true,
    captureLevel: "redacted",
    createdAtMs: startMs,
    updatedAtMs: startMs,
    ...changes,
  };
}

export function apiKey(label: string, changes: Partial<ApiKey> = {}): ApiKey {
  return {
    id: id(`key ${label}`),
    teamId,
    userId,
    name: label,
    scopes: ["servers:read", "calls:read"],
    secretDigest: createHash("sha256").update(label).digest("hex"),
    lastFour: "abcd",
    createdAtMs: startMs,
    ...changes,
  };
}
