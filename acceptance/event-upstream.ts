/**
 * A server of event streams on loopback: some speak at a pace, some are silent, some pour out bytes as fast as they are
 * taken. Knows how many streams are open and how much of each was taken off its hands.
 *
 * A GET asks for it by its query: `?pace=500` an event each 500 ms with the time it was sent, `?bytes=50000000` so many
 * bytes, none a silent stream.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface EventUpstream extends AsyncDisposable {
  readonly url: string;
  /** Streams that are open. */
  readonly open: number;
  /** Events sent so far. */
  readonly events: number;
  /** Bytes that the kernel has taken of all streams so far. */
  takenBytes(): number;
}

const piece = Buffer.alloc(65_536, "x");

export async function startEventUpstream(): Promise<EventUpstream> {
  const sockets = new Set<Socket>();
  const streams = { open: 0, events: 0 };
  const server = createServer((request, response) => {
    streams.open += 1;
    response.once("close", () => {
      streams.open -= 1;
    });
    answer(request, response, () => {
      streams.events += 1;
    });
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 16_384, resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    get open() {
      return streams.open;
    },
    get events() {
      return streams.events;
    },
    takenBytes: () =>
      [...sockets].reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, sent: () => void): void {
  const query = new URL(request.url ?? "", "http://localhost").searchParams;
  const bytes = Number(query.get("bytes"));
  if (bytes > 0) {
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      "content-length": bytes,
    });
    pour(response, bytes);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": begin\n\n");
  const paceMs = Number(query.get("pace"));
  if (paceMs === 0) return;
  const speak = () => {
    sent();
    const params = { level: "info", data: { sentAtMs: performance.now() } };
    const message = { jsonrpc: "2.0", method: "notifications/message", params };
    response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  };
  // Spread over the pace, as streams of many clients are.
  let speaking: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    speak();
    speaking = setInterval(speak, paceMs);
  }, Math.random() * paceMs);
  response.once("close", () => {
    clearTimeout(first);
    clearInterval(speaking);
  });
}

function pour(response: ServerResponse, bytes: number): void {
  let left = bytes;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      const next = left < piece.length ? piece.subarray(0, left) : piece;
      left -= next.length;
      if (left === 0) response.end(next);
      else if (!response.write(next)) {
        response.once("drain", more);
        return;
      }
    }
  };
  more();
}
