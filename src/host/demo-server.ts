/**
 * A small MCP server in this process, for who has none at hand: both eras on one URL of the loopback interface.
 *
 * In: requests as MCP clients send them. Out: answers as JSON; an event stream where a tool tells of its progress. By hand,
 * because the SDK is no part of the program that runs. Bounds: `sessionsMax` sessions, the oldest forgotten first;
 * `bodyMaxBytes` of a request.
 */
import { randomUUID } from "node:crypto";
import { getRequestListener } from "@hono/node-server";
import { guarded } from "../edge/guard.ts";
import { type Listener, listen } from "../edge/listener.ts";
import { asRecord, parseMessages, type RequestMessage } from "../message.ts";
import { callDemoTool, type DemoOutcome, demoTools } from "./demo-tools.ts";
import { legacyVersion, modernVersion } from "./mcp-greeting.ts";

/** Tells the URLs of demo servers from all others. */
export const demoPath = "/hookwatch-demo/mcp";
const sessionsMax = 1_000;
const bodyMaxBytes = 1_048_576;
const legacyVersions: ReadonlySet<unknown> = new Set(["2025-03-26", "2025-06-18", legacyVersion]);

export interface DemoServer extends AsyncDisposable {
  readonly url: string;
}

/** @throws Problem `unavailable` — there is no port to listen on. */
export async function openDemoServer(version: string): Promise<DemoServer> {
  const demo = new Demo(version);
  const answer = getRequestListener((request) => demo.answer(request), {
    overrideGlobalObjects: false,
  });
  const listener: Listener = await listen({
    host: "127.0.0.1",
    port: 0,
    handle: guarded({}, (request, response) => void answer(request, response)),
  });
  return {
    url: `${listener.url}${demoPath}`,
    [Symbol.asyncDispose]: () => listener.close(0),
  };
}

class Demo {
  readonly #serverInfo: Readonly<Record<string, string>>;
  readonly #sessions = new Set<string>();

  constructor(version: string) {
    this.#serverInfo = { name: "hookwatch-demo", title: "HookWatch demo", version };
  }

  async answer(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== demoPath) return refuse(404, -32_600, "not found");
    const session = request.headers.get("mcp-session-id") ?? "";
    if (session !== "" && !this.#sessions.has(session)) {
      return refuse(404, -32_001, "session not found");
    }
    if (request.method === "DELETE" && session !== "") {
      this.#sessions.delete(session);
      return new Response(null, { status: 200 });
    }
    if (request.method !== "POST") {
      return new Response(null, { status: 405, headers: { allow: "POST, DELETE" } });
    }
    if (Number(request.headers.get("content-length") ?? bodyMaxBytes + 1) > bodyMaxBytes) {
      return refuse(413, -32_600, `a request may have ${bodyMaxBytes} bytes, told beforehand`);
    }
    const parsed = parseMessages(await request.text());
    if (parsed.kind === "garbled") return refuse(400, -32_700, parsed.reason);
    const [message] = parsed.messages;
    if (parsed.batch || !message) return refuse(400, -32_600, "batches are not answered");
    if (message.kind !== "request") return new Response(null, { status: 202 });
    if (request.headers.get("mcp-protocol-version") === modernVersion) {
      return this.#answerModern(message, request);
    }
    return this.#answerLegacy(message, session, request);
  }

  #answerModern(message: RequestMessage, request: Request): Response {
    const serverInfo = { "io.modelcontextprotocol/serverInfo": this.#serverInfo };
    const dress = (result: object) => ({ resultType: "complete", ...result, _meta: serverInfo });
    const fresh = { ttlMs: 0, cacheScope: "private" };
    switch (message.method) {
      case "server/discover":
        return reply(message, {
          result: dress({
            ...{ supportedVersions: [modernVersion], capabilities: { tools: {} }, ...fresh },
          }),
        });
      case "tools/list":
        return reply(message, { result: dress({ tools: demoTools, ...fresh }) });
      case "tools/call":
        return stream(message, request.signal, dress);
      default:
        return reply(message, unknownMethod, 404);
    }
  }

  #answerLegacy(message: RequestMessage, session: string, request: Request): Response {
    if (message.method === "initialize") return this.#greet(message);
    if (session === "") return refuse(400, -32_000, "no session; begin with initialize");
    switch (message.method) {
      case "ping":
        return reply(message, { result: {} });
      case "tools/list":
        return reply(message, { result: { tools: demoTools } });
      case "tools/call":
        return stream(message, request.signal, (result) => result);
      default:
        return reply(message, unknownMethod);
    }
  }

  #greet(message: RequestMessage): Response {
    const asked = asRecord(message.params)?.protocolVersion;
    const session = randomUUID();
    this.#sessions.add(session);
    for (const oldest of this.#sessions) {
      if (this.#sessions.size <= sessionsMax) break;
      this.#sessions.delete(oldest);
    }
    const result = {
      protocolVersion: legacyVersions.has(asked) ? asked : legacyVersion,
      capabilities: { tools: {} },
      serverInfo: this.#serverInfo,
      instructions: "Tools to be watched: quick, slow, and out of luck.",
    };
    return reply(message, { result }, 200, { "mcp-session-id": session });
  }
}

const unknownMethod: DemoOutcome = { error: { code: -32_601, message: "method not found" } };

function reply(
  { id }: RequestMessage,
  outcome: DemoOutcome,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = toText(id, outcome);
  return new Response(body, {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

function refuse(status: number, code: number, message: string): Response {
  return new Response(toText("null", { error: { code, message } }), {
    status,
    headers: { "content-type": "application/json" },
  });
}

/** `id`: its JSON text. */
function toText(id: string, outcome: DemoOutcome): string {
  return `{"jsonrpc":"2.0","id":${id},${JSON.stringify(outcome).slice(1)}`;
}

/** The answer of a tool as an event stream, for what it may tell before. */
function stream(
  message: RequestMessage,
  left: AbortSignal,
  dress: (result: object) => object,
): Response {
  const progressToken = asRecord(asRecord(message.params)?._meta)?.progressToken;
  const leaving = new AbortController();
  const signal = AbortSignal.any([left, leaving.signal]);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const write = (text: string) => controller.enqueue(encoder.encode(`data: ${text}\n\n`));
      const tell = (progress: number, total: number, words: string) => {
        if (progressToken === undefined || signal.aborted) return;
        const params = { progressToken, progress, total, message: words };
        write(JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params }));
      };
      try {
        const outcome = await callDemoTool(message.params, tell, signal);
        write(
          toText(
            message.id,
            "result" in outcome ? { result: { ...dress(outcome.result) } } : outcome,
          ),
        );
        controller.close();
      } catch (cause) {
        // Nobody listens any more.
        if (!signal.aborted) controller.error(cause);
      }
    },
    cancel: (reason) => leaving.abort(reason),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
