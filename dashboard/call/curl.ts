/**
 * A call as a command for a POSIX shell. Secrets were redacted, so they are read from variables of the shell.
 *
 * Quoting: all is literal inside single quotes; a quote itself is closed, escaped and opened again
 * (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02).
 */
import type { WireCall } from "../../src/api/wire.ts";
import type { WireServer } from "../../src/api/wire-servers.ts";

type ShownCall = Pick<
  WireCall,
  "kind" | "method" | "path" | "headers" | "request_body" | "protocol_version" | "session_id"
>;

/** Never sent as they were: curl makes its own. */
const left = new Set([
  "host",
  "content-length",
  "connection",
  "accept-encoding",
  "user-agent",
  "transfer-encoding",
]);
const variables: Readonly<Record<string, string>> = {
  authorization: "AUTHORIZATION",
  "x-api-key": "API_KEY",
  "mcp-session-id": "MCP_SESSION_ID",
};

export function toCurl(call: ShownCall, server: Pick<WireServer, "proxy_url"> | undefined): string {
  const url = `${server?.proxy_url ?? "http://localhost/p/SLUG"}${call.path ?? ""}`;
  const fields = Object.entries(call.headers ?? { "content-type": "application/json" });
  const lines = [`curl -sS -N ${quote(url)}`];
  if (call.kind === "http" && call.method !== "POST") lines.push(`-X ${quote(call.method)}`);
  for (const [name, value] of fields) {
    if (left.has(name)) continue;
    const variable = variables[name] ?? nameToVariable(name);
    if (value.includes("[redacted:")) lines.push(`-H ${quote(`${name}: `)}"$${variable}"`);
    else lines.push(`-H ${quote(`${name}: ${value}`)}`);
  }
  if (call.request_body) lines.push(`--data-raw ${quote(call.request_body)}`);
  return lines.join(" \\\n  ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function nameToVariable(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}
