/**
 * The server that the official conformance suite is run against, direct and through the product.
 *
 * Written from the requirements that the suite publishes with its scenarios, on the official SDK 2.x.
 * Both eras on one URL: sessions with resumable streams, and the stateless 2026-07-28. Refuses a
 * foreign `Host`, as a server on loopback must.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  localhostHostValidation,
  type NodeIncomingMessageLike,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from "@modelcontextprotocol/node";
import {
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
} from "@modelcontextprotocol/server";
import { createEventStore } from "./event-store.ts";
import { buildLegacyServer, buildModernServer } from "./fixture-tools.ts";

export interface ServerFixture extends AsyncDisposable {
  readonly url: string;
}

/** How long a client waits before it comes back for more: short, as a scenario waits for it. */
const retryMs = 500;

export async function startServerFixture(): Promise<ServerFixture> {
  const modern = createMcpHandler(() => buildModernServer(modern.notify), { legacy: "reject" });
  const answerModern = toNodeHandler(modern);
  const answerLegacy = legacySessions();
  const isLocal = localhostHostValidation();
  async function answer(request: Incoming, response: ServerResponse): Promise<void> {
    if (!isLocal(request, response)) return;
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

function legacySessions() {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  return async (request: Incoming, response: ServerResponse, body: unknown) => {
    const id = request.headers["mcp-session-id"];
    if (typeof id === "string") {
      const known = sessions.get(id);
      if (!known) return refuse(response, 404, -32001, "Session not found");
      return known.handleRequest(request, response, body);
    }
    if (!isInitializeRequest(body)) return refuse(response, 400, -32000, "Session ID required");
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: retryMs,
      onsessioninitialized: (sessionId) => void sessions.set(sessionId, transport),
      onsessionclosed: (sessionId) => void sessions.delete(sessionId),
    });
    await buildLegacyServer().connect(transport);
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
