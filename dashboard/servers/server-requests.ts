/** What screens ask of servers, besides the list (servers-query.ts). Each forgets the list where it changed it. */
import type { WireConnectionReport } from "../../src/api/connection-report.ts";
import type { WireNewServer, WireServer, WireServerChanges } from "../../src/api/wire-servers.ts";
import { call } from "../api.ts";
import { queryClient } from "../query-client.ts";
import { serversQuery } from "./servers-query.ts";

export interface TestedCall {
  readonly call_id: string;
  readonly method: string;
  readonly status_code: number;
  /** Empty when all went well. */
  readonly error_message: string;
}

export function checkUrl(targetUrl: string, signal: AbortSignal): Promise<WireConnectionReport> {
  const body = { target_url: targetUrl };
  return call("/mcp/servers/check", { method: "POST", body, signal });
}

export function checkServer(id: string): Promise<WireConnectionReport> {
  return call(`/mcp/servers/${id}/check`, { method: "POST", body: {} });
}

export function addServer(body: WireNewServer): Promise<WireServer> {
  return changing(call("/mcp/servers", { method: "POST", body }));
}

export function addDemoServer(): Promise<WireServer> {
  return changing(call("/mcp/servers/demo", { method: "POST" }));
}

export function changeServer(id: string, body: WireServerChanges): Promise<WireServer> {
  return changing(call(`/mcp/servers/${id}`, { method: "PUT", body }));
}

export function rotateSlug(id: string): Promise<WireServer> {
  return changing(call(`/mcp/servers/${id}/rotate-slug`, { method: "POST" }));
}

export function deleteServer(id: string): Promise<void> {
  return changing(call(`/mcp/servers/${id}`, { method: "DELETE" }));
}

export function sendTestCall(id: string): Promise<TestedCall> {
  return call(`/mcp/servers/${id}/test-call`, { method: "POST", body: {} });
}

async function changing<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const given = await answer;
  await queryClient.invalidateQueries({ queryKey: serversQuery.queryKey });
  return given;
}
