import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expect, test } from "vitest";
import { RawClient, until } from "../../test/proxy/rig.ts";
import { withoutUserBuffers } from "../../test/proxy/without-user-buffers.ts";
import { readMemory } from "../blocks.ts";
import { borrowReads, ownReads } from "./borrowed-reads.ts";
import { edgeLimits } from "./limits.ts";
import { listen } from "./listener.ts";
import { OrdinaryLines } from "./ordinary-lines.ts";

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Sockets that were accepted, each with its client. */
async function accepted(count: number): Promise<AsyncDisposable & { pairs: [Socket, Socket][] }> {
  const server = createServer({ allowHalfOpen: true });
  const port = await portOf(server);
  const pairs: [Socket, Socket][] = [];
  for (let made = 0; made < count; made += 1) {
    const connected = once(server, "connection");
    const client = connect(port, "127.0.0.1");
    const [socket] = (await connected) as [Socket];
    socket.on("error", () => {});
    client.on("error", () => {});
    pairs.push([socket, client]);
  }
  return {
    pairs,
    async [Symbol.asyncDispose]() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      server.close();
    },
  };
}

test("the runtime that we ship has what it takes", async () => {
  await using sockets = await accepted(2);
  const seen: Buffer[] = [];
  for (const [socket, client] of sockets.pairs) {
    const isBorrowed = borrowReads(socket, (bytesRead) => {
      seen.push(Buffer.from(readMemory.subarray(0, bytesRead)));
      return true;
    });
    expect(isBorrowed).toBe(true);
    const before = seen.length;
    client.write("hello");
    await until("what was said", () => seen.length > before);
    expect(seen.at(-1)?.toString()).toBe("hello");
    expect(socket.bytesRead).toBe(5);
    expect(socket.readableLength).toBe(0);
  }
});

test("on a runtime without it nothing has happened, and reads come by data", async () => {
  using _ = await withoutUserBuffers();
  await using sockets = await accepted(1);
  for (const [socket, client] of sockets.pairs) {
    expect(borrowReads(socket, () => true)).toBe(false);
    client.write("hello");
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(chunk.toString()).toBe("hello");
    expect(chunk.buffer).not.toBe(readMemory.buffer);
  }
});

test("a reader that pauses makes the client wait, and is told of the end when all was read", async () => {
  await using sockets = await accepted(1);
  const [[socket, client]] = sockets.pairs as [[Socket, Socket]];
  let bytes = 0;
  let ended = false;
  borrowReads(socket, (bytesRead) => {
    bytes += bytesRead;
    if (bytes < 1_000_000) socket.pause();
    return true;
  });
  socket.on("end", () => {
    expect(bytes).toBe(32 * 1_048_576);
    ended = true;
  });
  client.end(Buffer.alloc(32 * 1_048_576));
  await until("something", () => bytes > 0);
  const before = bytes;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(bytes).toBe(before);
  expect(client.bytesWritten - client.writableLength).toBeLessThan(32 * 1_048_576);
  while (socket.isPaused()) {
    socket.resume();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until("the end", () => ended);
});

test("a reset is told as it is of any connection", async () => {
  await using sockets = await accepted(1);
  const [[socket, client]] = sockets.pairs as [[Socket, Socket]];
  borrowReads(socket, () => true);
  const failed = once(socket, "error");
  client.resetAndDestroy();
  expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
  await until("its close", () => socket.closed);
});

test("reads that are borrowed no more come by data, at their reader's pace, each as it was", async () => {
  await using sockets = await accepted(4);
  const found = sockets.pairs.map((): Buffer[] => []);
  const sent = sockets.pairs.map(() => randomBytes(3_000_000));
  let ends = 0;
  for (const [at, [socket, client]] of sockets.pairs.entries()) {
    borrowReads(socket, () => true);
    ownReads(socket);
    socket.on("data", (chunk) => {
      found[at]?.push(chunk);
      socket.pause();
      setImmediate(() => socket.resume());
    });
    socket.on("end", () => {
      ends += 1;
    });
    client.end(sent[at] ?? "");
  }
  await until("all ends", () => ends === 4, 20_000);
  expect(found.map((pieces, at) => Buffer.concat(pieces).equals(sent[at] ?? Buffer.of()))).toEqual(
    Array(4).fill(true),
  );
});

test("who reads a body without a word about it may keep its pieces", async () => {
  const pieces: Buffer[] = [];
  await using listener = await listen({
    host: "127.0.0.1",
    port: 0,
    handle: (_request, response) => void response.destroy(),
    handleOrdinary: (request) => void request.on("data", (chunk) => pieces.push(chunk)),
  });
  using client = new RawClient(listener.port);
  client.send("POST /p/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\none,");
  await until("the first", () => pieces.length === 1);
  client.send("two,");
  await until("the second", () => pieces.length === 2);
  client.send("four");
  await until("the last", () => pieces.length === 3);
  expect(Buffer.concat(pieces).toString()).toBe("one,two,four");
});

test("a connection that Node's parser lets go of is read by whoever got it", async () => {
  const server = createHttpServer();
  server.on("connect", (_request, socket, first) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.write(first);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  const lines = new OrdinaryLines(server, {
    limits: edgeLimits,
    handle: (_request, response) => {
      response.writeHead(200, "OK", ["Content-Length", "5"]);
      response.end("hello");
    },
    broken: (_code, socket) => socket.destroy(),
  });
  lines.check(performance.now());
  const port = await portOf(server);
  const clients = Array.from({ length: 3 }, () => new RawClient(port));
  const texts = clients.map(() => randomBytes(600_000).toString("latin1"));
  for (const client of clients) client.send("GET /p/a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until("the answers", () => clients.every(({ received }) => received.endsWith("hello")));
  for (const client of clients) {
    client.received = "";
    client.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nfirst");
  }
  await until("the tunnels", () => clients.every(({ received }) => received.endsWith("first")));
  for (const [at, client] of clients.entries()) client.send(texts[at] ?? "");
  for (const client of clients) client.socket.end();
  await until("the ends", () => clients.every(({ ending }) => ending !== undefined), 20_000);
  for (const [at, client] of clients.entries()) {
    expect(client.received.slice(client.received.indexOf("first") + 5) === texts[at]).toBe(true);
  }
  server.close();
});
