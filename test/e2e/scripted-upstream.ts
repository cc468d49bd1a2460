/**
 * An HTTP server whose every byte the test decides: what a real MCP server does rarely and a proxy
 * must bear always.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Scripted {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The request's body; resolves when it is complete. */
  readonly body: () => Promise<string>;
}

export interface ScriptedUpstream extends AsyncDisposable {
  readonly url: string;
}

/** @param script Answers one exchange; an exception of its own resets the connection. */
export async function startScripted(
  script: (exchange: Scripted) => void | Promise<void>,
): Promise<ScriptedUpstream> {
  const server = createServer((request, response) => {
    const body = async () => Buffer.concat(await Array.fromAsync(request)).toString();
    const run = async () => script({ request, response, body });
    run().catch(() => request.socket.resetAndDestroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One SSE event with a message. */
export function event(message: object): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}

export const eventStream = { "content-type": "text/event-stream", "cache-control": "no-cache" };
