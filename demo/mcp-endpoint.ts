/**
 * An MCP server on a free port of the loopback interface, for both eras on one URL: sessions as
 * revisions up to 2025-11-25 have them, and the stateless 2026-07-28.
 *
 * In: a function that builds the server's tools. Out: its URL. Bounded by the process that owns it:
 * sessions are kept until they are ended.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type NodeIncomingMessageLike,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from "@modelcontextprotocol/node";
import { createMcpHandler, isLegacyRequest, type McpServer } from "@modelcontextprotocol/server";

export interface McpEndpoint extends AsyncDisposable {
  readonly url: string;
}

export interface EndpointSetting {
  readonly era: "legacy" | "modern";
  /** Announces a changed tool list to whoever listens. */
  readonly toolsChanged: () => void;
}

/** @param build Called once for each session, and for each request where there are no sessions. */
export async function startMcpEndpoint(
  build: (setting: EndpointSetting) => McpServer,
): Promise<McpEndpoint> {
  const modern = createMcpHandler(
    () => build({ era: "modern", toolsChanged: () => modern.notify.toolsChanged() }),
    { legacy: "reject" },
  );
  const answerModern = toNodeHandler(modern);
  const answerLegacy = legacySessions(() => {
    const server: McpServer = build({
      era: "legacy",
      toolsChanged: () => server.sendToolListChanged(),
    });
    return server;
  });
  async function answer(request: Incoming, response: ServerResponse): Promise<void> {
    const body = await readJson(request);
    if (body === garbled) return refuse(response, 400, -32700, "Parse error");
    const legacy = await isLegacyRequest(await toWebRequest(request, body), body);
    await (legacy ? answerLegacy : answerModern)(request, response, body);
  }
  const http = createServer((request, response) => {
    answer(request as Incoming, response).catch((cause: Error) => response.destroy(cause));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      await modern.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

type Incoming = IncomingMessage & NodeIncomingMessageLike;

function legacySessions(build: () => McpServer) {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  return async (request: Incoming, response: ServerResponse, body: unknown) => {
    const id = request.headers["mcp-session-id"];
    if (typeof id === "string") {
      const known = sessions.get(id);
      if (!known) return refuse(response, 404, -32001, "Session not found");
      return known.handleRequest(request, response, body);
    }
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (sessionId) => void sessions.set(sessionId, transport),
      onsessionclosed: (sessionId) => void sessions.delete(sessionId),
    });
    await build().connect(transport);
    return transport.handleRequest(request, response, body);
  };
}

function refuse(response: ServerResponse, status: number, code: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message } }));
}

const garbled = Symbol("garbled");

async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = Buffer.concat(await Array.fromAsync(request)).toString();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return garbled;
  }
}
