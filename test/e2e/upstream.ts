/**
 * An MCP server of our own for the tests, on the official SDK 2.x, in both eras.
 *
 * Deterministic: the same requests give the same answers, whoever asks. What only the server can
 * see (a tool began, a request was cancelled) it raises as a signal named by the caller.
 */
import { type McpEndpoint, startMcpEndpoint } from "../../demo/mcp-endpoint.ts";
import type { Signals } from "./signals.ts";
import { buildTools } from "./upstream-tools.ts";

/** @param signals raised: `started <label>` and `cancelled <label>` of the tool `slow`. */
export function startUpstream(signals: Signals): Promise<McpEndpoint> {
  return startMcpEndpoint((setting) => buildTools({ ...setting, signals }));
}
