import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { RawClient, until } from "../../test/proxy/rig.ts";
import { edgeLimits } from "./limits.ts";
import { type ListenOptions, listen } from "./listener.ts";

const local = { host: "127.0.0.1", port: 0 } as const;
const hello: ListenOptions["handle"] = (_request, response) => void response.end("hello");

test("a free port is chosen and told", async () => {
  await using listener = await listen({ ...local, handle: hello });
  expect(listener.url).toBe(`http://127.0.0.1:${listener.port}`);
  expect(await (await fetch(listener.url)).text()).toBe("hello");
});

test.for([
  [
    "a port that is in use",
    undefined,
    /^port \d+ on 127.0.0.1 is in use; set HOOKWATCH_PORT or stop the other program$/,
  ],
  ["an address of another machine", "192.0.2.1", /192.0.2.1 is not an address of this machine$/],
] as const)("%s is a problem told in one sentence", async ([, host, message]) => {
  await using taken = await listen({ ...local, handle: hello });
  const options = { host: host ?? "127.0.0.1", port: taken.port, handle: hello };
  await expect(listen(options)).rejects.toThrow(message);
});

test("two that are to share a port do, and no other program that would gets it", async () => {
  const handle = hello;
  await using first = await listen({ ...local, handle, listeners: 2 });
  const again = { ...local, port: first.port, handle, listeners: 2 };
  await expect(listen(again)).rejects.toThrow(/^port \d+ on 127.0.0.1 is in use/);
  await expect(listen({ ...again, listeners: 1 })).rejects.toThrow(/is in use/);
  await using second = await listen({ ...again, isListenedOn: true });
  for (let client = 0; client < 40; client += 1) {
    const answer = await fetch(first.url, { headers: { connection: "close" } });
    expect(await answer.text()).toBe("hello");
  }
  expect(second.port).toBe(first.port);
});

test.for([
  ["garbage on a proxy URL", "POST /p/x HTTP/1.1\r\nBad Name: x\r\n\r\n", 400, "jsonrpc"],
  ["garbage elsewhere", "POST /v1/x HTTP/1.1\r\nBad Name: x\r\n\r\n", 400, '{"error":{"code"'],
  ["what is no HTTP at all", "\x16\x03\x01\x02\x00", 400, "jsonrpc"],
  [
    "fields beyond the limit",
    `POST /p/x HTTP/1.1\r\nX: ${"x".repeat(70_000)}\r\n\r\n`,
    431,
    "jsonrpc",
  ],
] as const)("%s is answered and the connection closed", async ([, text, status, body]) => {
  await using listener = await listen({ ...local, handle: hello });
  using client = new RawClient(listener.port, text);
  await until("the connection's end", () => client.ending !== undefined);
  expect(client.received).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Z]`));
  expect(client.received).toContain(body);
});

test("sixty kilobytes of fields are read, all of them", async () => {
  let count = 0;
  await using listener = await listen({
    ...local,
    handle: (request, response) => {
      count = request.rawHeaders.length / 2;
      response.end();
    },
  });
  const fields = Array.from({ length: 3_000 }, (_, at) => `X${at}: ${"x".repeat(8)}\r\n`).join("");
  using client = new RawClient(listener.port, `GET / HTTP/1.1\r\n${fields}\r\n`);
  await until("the answer", () => client.received !== "");
  expect(count).toBe(3_000);
});

test("who does not finish the head in time is answered 408 and cut off", async () => {
  const limits = { ...edgeLimits, headTimeoutMs: 100, checkIntervalMs: 20 };
  await using listener = await listen({ ...local, handle: hello, limits });
  using begun = new RawClient(listener.port, "GET /v1/x HTTP/1.1\r\nHost:");
  using silent = new RawClient(listener.port);
  await until("both are cut off", () => begun.ending !== undefined && silent.ending !== undefined);
  expect(begun.received).toMatch(/^HTTP\/1.1 408 /);
});

test("connections beyond the limit are told when to come again, more are closed, all are counted", async () => {
  const limits = { ...edgeLimits, connectionsMax: 2, excessMax: 1 };
  const vital = new Set(["/healthz"]);
  await using listener = await listen({ ...local, handle: hello, limits, vital });
  using first = new RawClient(listener.port);
  using second = new RawClient(listener.port);
  await until("two connections", () => listener.stats().openConnections === 2);
  using third = new RawClient(listener.port);
  await until("the third", () => listener.stats().openConnections === 3);
  using fourth = new RawClient(listener.port);
  await until("the fourth is closed", () => fourth.ending !== undefined);
  expect(fourth.received).toBe("");
  third.send("GET /healthz?verbose HTTP/1.1\r\n\r\n");
  await until("a vital answer", () => third.received.endsWith("hello"));
  third.send("POST /p/x HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}");
  await until("the third is refused", () => third.ending !== undefined);
  expect(third.received).toMatch(/HTTP\/1.1 503 .*\r\nRetry-After: 5\r\n.*"jsonrpc"/s);
  expect(listener.stats().refusedConnections).toBe(2);
  for (const client of [first, second]) {
    client.send("GET / HTTP/1.1\r\n\r\n");
    await until("an answer", () => client.received.endsWith("hello"));
  }
  first.socket.destroy();
  await until("there is room", () => listener.stats().openConnections === 1);
  using fifth = new RawClient(listener.port, "GET / HTTP/1.1\r\n\r\n");
  await until("the fifth is served", () => fifth.received.endsWith("hello"));
});

test("one client's connections do not count for this machine's or a reverse proxy's", async () => {
  await using listener = await listen({ ...local, handle: hello, connectionsPerClientMax: 1 });
  using first = new RawClient(listener.port, "GET / HTTP/1.1\r\n\r\n");
  using second = new RawClient(listener.port, "GET / HTTP/1.1\r\n\r\n");
  await until(
    "both are served",
    () => `${first.received}${second.received}`.split("hello").length === 3,
  );
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

// A machine without a network has no address that counts for one client.
test.skipIf(outside === undefined)("one client has so many connections and no more", async () => {
  const shared = new Set<string>();
  await using listener = await listen({
    host: "0.0.0.0",
    port: 0,
    handle: hello,
    connectionsPerClientMax: 1,
    isShared: (address) => shared.has(address),
  });
  const open = () => {
    const socket = connect({ port: listener.port, host: outside ?? "" });
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    socket.write("GET / HTTP/1.1\r\n\r\n");
    return { socket, received: () => received };
  };
  const first = open();
  await until("the first", () => first.received().endsWith("hello"));
  const second = open();
  await until("the second", () => second.received().endsWith("}"));
  expect(second.received()).toMatch(/^HTTP\/1.1 503 .*\r\nRetry-After: 5\r\n/s);
  shared.add(outside ?? "");
  const third = open();
  await until("the third", () => third.received().endsWith("hello"));
  for (const { socket } of [first, second, third]) socket.destroy();
});

test("while memory is scarce new requests are told when to come again, and what runs runs on", async () => {
  let heap = 0.5;
  const finish: (() => void)[] = [];
  await using listener = await listen({
    ...local,
    limits: { ...edgeLimits, checkIntervalMs: 10 },
    memoryUse: () => ({ heap, resident: 0 }),
    handle: (_request, response) => void finish.push(() => response.end("done")),
  });
  using running = new RawClient(listener.port, "GET /p/x HTTP/1.1\r\n\r\n");
  await until("the request", () => finish.length === 1);
  heap = 0.95;
  await new Promise((resolve) => setTimeout(resolve, 50));
  using refused = new RawClient(listener.port, "GET /v1/x HTTP/1.1\r\n\r\n");
  await until("the refusal", () => refused.ending !== undefined);
  expect(refused.received).toMatch(/^HTTP\/1.1 503 .*\r\nRetry-After: 5\r\n/s);
  expect(refused.received).toContain('{"error":{"code":"unavailable"');
  finish[0]?.();
  await until("the running one's answer", () => running.received.endsWith("done"));
  heap = 0.5;
  await new Promise((resolve) => setTimeout(resolve, 50));
  running.send("GET /p/x HTTP/1.1\r\n\r\n");
  await until("the next request", () => finish.length === 2);
});

const hasty = { ...edgeLimits, bodySpanMs: 200, checkIntervalMs: 20, writeStallMs: 200 };

test.for([
  ["nothing of it", "", true],
  ["a byte now and then", "x", true],
  ["all of it", "x".repeat(90), false],
] as const)("a body of which comes %s, for whatever plane", async ([, piece, cut]) => {
  let gone = false;
  await using listener = await listen({
    ...local,
    limits: hasty,
    handle: (request, response) => {
      request.on("data", () => {});
      request.once("end", () => response.end("whole"));
      request.once("close", () => {
        gone = true;
      });
    },
  });
  using client = new RawClient(
    listener.port,
    "POST /v1/x HTTP/1.1\r\nContent-Length: 1000\r\n\r\n",
  );
  let left = 1_000;
  const sending = setInterval(() => {
    client.send(piece.slice(0, left));
    left -= Math.min(left, piece.length);
  }, 20);
  await until("an end", () => client.ending !== undefined || client.received.endsWith("whole"));
  clearInterval(sending);
  expect(client.received).toMatch(cut ? /^HTTP\/1.1 408 .*"error"/s : /^HTTP\/1.1 200 /);
  if (cut) await until("the plane knows", () => gone);
});

test("a body that the plane does not take is not the client's fault", async () => {
  await using listener = await listen({
    ...local,
    limits: hasty,
    handle: (request, response) => {
      setTimeout(() => request.resume().once("end", () => response.end("taken")), 700);
    },
  });
  const body = "x".repeat(1_000_000);
  using client = new RawClient(
    listener.port,
    `POST /v1/x HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await until("the answer", () => client.received.endsWith("taken"));
});

test("an answer of which nothing is taken is cut off, one that only waits is not", async () => {
  let release = () => {};
  let cut = false;
  await using listener = await listen({
    ...local,
    limits: hasty,
    handle: (request, response) => {
      if (request.url === "/waits") {
        release = () => response.end("late");
        return;
      }
      response.once("close", () => {
        cut = true;
      });
      response.end(Buffer.alloc(64 * 1_048_576));
    },
  });
  using waits = new RawClient(listener.port, "GET /waits HTTP/1.1\r\n\r\n");
  using stalls = new RawClient(listener.port);
  await once(stalls.socket, "connect");
  stalls.socket.pause();
  stalls.send("GET /stalls HTTP/1.1\r\n\r\n");
  await until("it is cut off", () => cut);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(waits.ending).toBeUndefined();
  release();
  await until("the late answer", () => waits.received.endsWith("late"));
});

test("a slow reader that takes something is not cut off", async () => {
  const total = 16 * 1_048_576;
  await using listener = await listen({
    ...local,
    // The kernel takes more only when a good part of its buffer has left.
    limits: { ...hasty, writeStallMs: 1_500 },
    handle: (_request, response) => response.end(Buffer.alloc(total)),
  });
  using client = new RawClient(listener.port);
  await once(client.socket, "connect");
  client.socket.removeAllListeners("data");
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\n\r\n");
  let taken = 0;
  const sips = setInterval(() => {
    for (let chunk = client.socket.read(); chunk !== null; chunk = client.socket.read()) {
      taken += (chunk as Buffer).length;
    }
    client.socket.pause();
  }, 20);
  await until("all of it", () => taken > total, 20_000);
  clearInterval(sips);
});

test("requests of one connection are begun one after another, and few may wait", async () => {
  const begun: ServerResponse[] = [];
  await using listener = await listen({
    ...local,
    handle: (request, response) => {
      request.resume().once("end", () => void begun.push(response));
    },
  });
  const ask = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
  using few = new RawClient(listener.port, ask.repeat(edgeLimits.pipelinedMax + 1));
  await until("the first of the few", () => begun.length === 1);
  using many = new RawClient(listener.port, ask.repeat(20_000));
  await until("the end of the many", () => many.ending !== undefined);
  const [first, ...others] = begun;
  // Of the many at most the first.
  expect(others.length).toBeLessThanOrEqual(1);
  expect(few.ending).toBeUndefined();
  begun.length = 0;
  first?.end("done");
  for (let at = 1; at <= edgeLimits.pipelinedMax; at += 1) {
    await until("the next of the few", () => begun.length === 1);
    begun.pop()?.end("done");
  }
  await until("the answers of the few", () => {
    return few.received.split("done").length === edgeLimits.pipelinedMax + 2;
  });
  few.send(ask.repeat(2));
  await until("there is room again", () => begun.length === 1);
});

test("an idle connection ends after its time", async () => {
  const limits = { ...edgeLimits, keepAliveTimeoutMs: 100, writeStallMs: 100, checkIntervalMs: 20 };
  await using listener = await listen({ ...local, handle: hello, limits });
  using client = new RawClient(listener.port, "GET / HTTP/1.1\r\n\r\n");
  await until("the answer", () => client.received.endsWith("hello"));
  await until("the end", () => client.ending !== undefined);
});

test("a body that turns out to be garbage ends its request without a second answer", async () => {
  await using listener = await listen({
    ...local,
    handle: (_request, response) => {
      response.writeHead(200);
      response.write("begun");
    },
  });
  using client = new RawClient(
    listener.port,
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  await until("the answer", () => client.received.includes("begun"));
  client.send("not a chunk\r\n");
  await until("the connection's end", () => client.ending !== undefined);
  expect(client.received.match(/HTTP\/1.1/g)).toHaveLength(1);
});

test("closing waits for open exchanges, lets nobody in, and cuts what outlasts its time", async () => {
  const finish: (() => void)[] = [];
  const listener = await listen({
    ...local,
    handle: (_request, response) => void finish.push(() => response.end("done")),
  });
  using idle = new RawClient(listener.port);
  using quick = new RawClient(listener.port, "GET /1 HTTP/1.1\r\n\r\n");
  await until("the first", () => finish.length === 1);
  using stuck = new RawClient(listener.port, "GET /2 HTTP/1.1\r\n\r\n");
  await until("the second", () => finish.length === 2);
  const closed = listener.close(500);
  finish[0]?.();
  await until("the quick one is done and closed", () => quick.ending !== undefined);
  expect(quick.received).toMatch(/done$/);
  expect(stuck.ending).toBeUndefined();
  await closed;
  await until("the others are cut", () => stuck.ending !== undefined && idle.ending !== undefined);
  await expect(fetch(listener.url)).rejects.toThrow();
  await listener.close(0);
});

test("a client that asks for a tunnel and resets its connection harms nobody", async () => {
  await using listener = await listen({ ...local, handle: hello });
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.on("uncaughtException", note);
  for (let turn = 0; turn < 20; turn += 1) {
    const socket = connect(listener.port, "127.0.0.1");
    socket.write("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // Half of them before they are answered.
    await once(socket, turn % 2 === 0 ? "data" : "connect");
    socket.resetAndDestroy();
  }
  await until("the connections' end", () => listener.stats().openConnections === 0);
  expect(await (await fetch(listener.url)).text()).toBe("hello");
  process.off("uncaughtException", note);
  expect(uncaught).toEqual([]);
});

test("a listener that retires ends no connection on which its client was promised another request", async () => {
  const finish: (() => void)[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== "/slow") response.end("done");
    else {
      // A head that has left has promised another request on its connection.
      if (request.headers["x-begin"]) response.write("first");
      finish.push(() => response.end("last"));
    }
  };
  await using listener = await listen({ ...local, handle });
  const ask = (method = "GET", path = "/", fields = "") =>
    `${method} ${path} HTTP/1.1\r\nContent-Length: 0\r\n${fields}\r\n`;
  using used = new RawClient(listener.port, ask());
  using unused = new RawClient(listener.port, ask());
  using slow = new RawClient(listener.port, ask("POST", "/slow"));
  await until("the slow one", () => finish.length === 1);
  using begun = new RawClient(listener.port, ask("POST", "/slow", "X-Begin: 1\r\n"));
  await until("the call's beginning", () => begun.received.includes("first"));
  using stream = new RawClient(listener.port, ask("GET", "/slow", "X-Begin: 1\r\n"));
  await until("the first answers", () => used.received.endsWith("done"));
  await until("all of them", () => unused.received.endsWith("done"));
  await until("the stream's beginning", () => stream.received.includes("first"));
  expect(used.received).toContain("Connection: keep-alive\r\nKeep-Alive: timeout=4\r\n");

  const retired = listener.retire();
  used.send(ask());
  await until("the end after one more answer", () => used.ending !== undefined);
  expect(used.received.match(/Connection: close/g)).toHaveLength(1);
  // Who comes now is served, too, once.
  using late = new RawClient(listener.port, ask());
  await until("the late one's end", () => late.ending !== undefined);
  expect(late.received).toMatch(/Connection: close.*done$/s);
  expect(unused.ending).toBeUndefined();
  unused.send(ask());
  await until("the other's end, too", () => unused.ending !== undefined);
  expect(unused.received.match(/done/g)).toHaveLength(2);
  await retired;

  finish[0]?.();
  finish[1]?.();
  await until("the slow answer", () => slow.ending !== undefined);
  expect(slow.received).toMatch(/Connection: close.*last$/s);
  await until("the call's answer", () => begun.received.endsWith("0\r\n\r\n"));
  const closed = listener.close(30_000);
  finish[2]?.();
  await until("the stream's end", () => stream.ending !== undefined);
  expect(stream.received).toMatch(/4\r\nlast\r\n0\r\n\r\n$/);
  begun.send(ask());
  await until("the answer to what was promised", () => begun.received.endsWith("done"));
  await closed;
  await expect(fetch(listener.url)).rejects.toThrow();
});

test("a listener that retires ends a connection once its client was told to use it no more", async () => {
  const limits = { ...edgeLimits, reuseMaxMs: 100, reuseMarginMs: 0 };
  await using listener = await listen({ ...local, limits, handle: hello });
  using client = new RawClient(listener.port, "GET / HTTP/1.1\r\n\r\n");
  await until("the answer", () => client.received.endsWith("hello"));
  await listener.retire();
  await listener.close(30_000);
  await until("the end", () => client.ending !== undefined);
});

test("something given that is no socket is a problem told in one sentence", async () => {
  const listenFd = openSync("/dev/null", "r");
  const options = { ...local, listenFd, handle: hello };
  await expect(listen(options)).rejects.toThrow(/LISTEN_FDS.* is none that it can listen on/);
  closeSync(listenFd);
});
