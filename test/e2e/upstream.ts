/**
 * An MCP server of our own for the tests, on the official SDK 2.x, in both eras: sessions of the
 * revisions up to 2025-11-25 and the stateless 2026-07-28, on one URL.
 *
 * Deterministic: the same requests give the same answers, whoever asks. What only the server can
 * see (a tool began, a request was cancelled) it raises as a signal named by the caller.
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
import type { Signals } from "./signals.ts";
import { buildTools } from "./upstream-tools.ts";

export interface Upstream extends AsyncDisposable {
  readonly url: string;
}

/** @param signals raised: `started <label>` and `cancelled <label>` of the tool `slow`. */
export async function startUpstream(signals: Signals): Promise<Upstream> {
  const modern = createMcpHandler(
    () => buildTools({ era: "modern", signals, toolsChanged: () => modern.notify.toolsChanged() }),
    { legacy: "reject" },
  );
  const answerModern = toNodeHandler(modern);
  const answerLegacy = legacySessions(() => {
    const server: McpServer = buildTools({
      era: "legacy",
      signals,
      toolsChanged: () => server.sendToolListChanged(),
    });
    return server;
  });

  const http = createServer((request, response) => {
    answer(request, response).catch((cause) => response.destroy(cause));
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request);
    if (body === garbled) return refuse(response, 400, -32700, "Parse error");
    const incoming = request as NodeIncomingMessageLike & IncomingMessage;
    const legacy = await isLegacyRequest(await toWebRequest(incoming, body), body);
    await (legacy ? answerLegacy : answerModern)(incoming, response, body);
  }
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

function legacySessions(build: () => McpServer) {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  return async (request: IncomingMessage, response: ServerResponse, body: unknown) => {
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
