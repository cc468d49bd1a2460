/**
 * An SDK server whose streams can be gone on with: it remembers its events (2025-11-25). Its one tool
 * counts to three, each step when the test says so.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { createEventStore } from "../conformance/event-store.ts";
import type { Signals } from "./signals.ts";

export interface ResumableUpstream extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

export const steps = 3;
/** What the client is told to wait before it comes back. */
const retryMs = 50;

export async function startResumable(signals: Signals): Promise<ResumableUpstream> {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const known = sessions.get(String(request.headers["mcp-session-id"]));
    if (known) return known.handleRequest(request, response);
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: retryMs,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await buildServer(signals).connect(transport);
    return transport.handleRequest(request, response);
  }
  const http = createServer((request, response) => {
    answer(request, response).catch((cause: Error) => response.destroy(cause));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    port,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function buildServer(signals: Signals): McpServer {
  const server = new McpServer(
    { name: "resumable", version: "1.0.0" },
    { capabilities: { logging: {} } },
  );
  const inputSchema = z.object({ label: z.string(), closeAfter: z.number() });
  server.registerTool("count", { inputSchema }, async ({ label, closeAfter }, context) => {
    const { progressToken } = context.mcpReq._meta ?? {};
    if (progressToken === undefined) throw new Error("the test did not ask for progress");
    for (let step = 1; step <= steps; step += 1) {
      await signals.wait(`${label} ${step}`);
      const params = { progressToken, progress: step, message: `step ${step}` };
      await context.mcpReq.notify({ method: "notifications/progress", params });
      await context.mcpReq.log("info", `logged ${step}`);
      if (step === closeAfter) context.http?.closeSSE?.();
    }
    await signals.wait(`${label} answer`);
    return { content: [{ type: "text", text: `counted ${label}` }] };
  });
  return server;
}
