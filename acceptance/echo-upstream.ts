/**
 * The oracle: an MCP server on loopback that answers every request with its id and keeps a tally of them.
 *
 * A request may ask for it to be slow: `params.arguments.delayMs`, answered by a stream that begins at once:
 * `params.arguments.events`, or never answered: `params.arguments.silent`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface EchoUpstream extends AsyncDisposable {
  readonly url: string;
  /** JSON-RPC ids of the requests that came, each once. */
  readonly seen: ReadonlySet<number>;
  /** Requests that came. */
  readonly requests: number;
}

interface EchoRequest {
  readonly id: number;
  readonly params: {
    readonly arguments: {
      readonly delayMs?: number;
      readonly events?: boolean;
      readonly silent?: boolean;
    };
  };
}

export async function startEchoUpstream(answerBytes = 900): Promise<EchoUpstream> {
  const seen = new Set<number>();
  let requests = 0;
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request)).toString();
    const { id, params } = JSON.parse(body) as EchoRequest;
    requests += 1;
    seen.add(id);
    const { delayMs, events, silent } = params.arguments;
    if (silent) return;
    if (events) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": begun\n\n");
    }
    if (delayMs) await sleep(delayMs);
    const text = `call ${id} `.repeat(Math.ceil(answerBytes / 10)).slice(0, answerBytes);
    const result = { content: [{ type: "text", text }] };
    const answer = JSON.stringify({ jsonrpc: "2.0", id, result });
    if (events) response.end(`data: ${answer}\n\n`);
    else {
      response.setHeader("content-type", "application/json");
      response.end(answer);
    }
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    seen,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
