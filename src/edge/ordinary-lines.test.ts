/** Nobody can tell whether a request was read by us or by Node: every promise holds both ways. */
import { once } from "node:events";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changed } from "../../test/proxy/changed.ts";
import { RawClient, until } from "../../test/proxy/rig.ts";
import { withoutUserBuffers } from "../../test/proxy/without-user-buffers.ts";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import { guarded } from "./guard.ts";
import { edgeLimits } from "./limits.ts";
import { type Listener, type ListenOptions, listen } from "./listener.ts";

type Handle = (request: InboundRequest, response: InboundResponse) => void;

/** `ours`: ordinary requests are read by us; otherwise Node reads them all. */
function listenWith(
  ours: boolean,
  handle: Handle,
  options: Partial<ListenOptions> = {},
): Promise<Listener> {
  const ordinary = ours && { handleOrdinary: handle };
  return listen({ host: "127.0.0.1", port: 0, handle, ...ordinary, ...options });
}

const hasty = {
  ...edgeLimits,
  headTimeoutMs: 100,
  keepAliveTimeoutMs: 100,
  writeStallMs: 200,
  bodySpanMs: 100,
  checkIntervalMs: 20,
};

const askAt = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const ask = askAt("/p/a");
const postTo = (path: string, body: string, fields = "") =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

const hello: Handle = (_request, response) => {
  response.sendDate = false;
  response.writeHead(200, "OK", ["Content-Length", "5"]);
  response.end("hello");
};

describe.for([
  ["read by us", true, true, "/p/a"],
  ["read by us, on a runtime that lends no reads", true, false, "/p/a"],
  ["read by Node, one by one", true, true, "/v1/a"],
  ["read by Node, one by one, on a runtime that lends no reads", true, false, "/v1/a"],
  ["read by Node", false, true, "/p/a"],
] as const)("%s", ([, ours, lends, path]) => {
  const ask = askAt(path);
  const post = (body: string, fields = "") => postTo(path, body, fields);
  let without: Disposable | undefined;
  beforeAll(async () => {
    without = lends ? undefined : await withoutUserBuffers();
  });
  afterAll(() => without?.[Symbol.dispose]());

  test("requests of one connection are answered one after the other", async () => {
    await using listener = await listenWith(ours, hello);
    using client = new RawClient(listener.port);
    for (let turn = 1; turn <= 3; turn += 1) {
      client.send(turn === 2 ? post("{}") : ask);
      await until("an answer", () => client.received.split("hello").length === turn + 1);
    }
    expect(listener.stats().openConnections).toBe(1);
  });

  test("a body is given out as it comes, and waits while nobody reads", async () => {
    const seen: string[] = [];
    let resume = () => {};
    await using listener = await listenWith(ours, (request, response) => {
      request.on("data", (chunk) => {
        seen.push(chunk.toString());
        request.pause();
        resume = () => request.resume();
      });
      request.on("end", () => hello(request, response));
    });
    using client = new RawClient(listener.port, post("0123456789").slice(0, -6));
    await until("the beginning", () => seen.length === 1);
    client.send("456");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toEqual(["0123"]);
    resume();
    await until("more", () => seen.length === 2);
    client.send("789");
    resume();
    await until("the rest", () => seen.length === 3);
    resume();
    await until("the answer", () => client.received.endsWith("hello"));
    expect(seen.join("")).toBe("0123456789");
  });

  test("a body that nobody reads does not stand in the next request's way", async () => {
    await using listener = await listenWith(ours, hello);
    const big = "x".repeat(1_000_000);
    using client = new RawClient(listener.port, post(big) + ask);
    await until("both answers", () => client.received.split("hello").length === 3);
  });

  test.for(["never comes", "comes a byte at a time", "ends with its half of the connection"])(
    "an answer before its body, which %s, keeps no connection open",
    async (how) => {
      const limits = { ...hasty, requestTimeoutMs: 300 };
      await using listener = await listenWith(ours, hello, { limits });
      using client = new RawClient(listener.port, post("0123456789".repeat(100)).slice(0, -999));
      client.socket.on("error", () => {});
      await until("the answer", () => client.received.endsWith("hello"));
      if (how === "ends with its half of the connection") client.socket.end();
      const trickle = setInterval(() => {
        if (how === "comes a byte at a time" && client.socket.writable) client.send("x");
      }, 50);
      await until("it is gone", () => listener.stats().openConnections === 0).finally(() =>
        clearInterval(trickle),
      );
    },
  );

  test("a connection that is to be ended for good ends, though its client keeps its half open", async () => {
    const closed: (() => void)[] = [];
    await using listener = await listenWith(
      ours,
      ({ socket }) => void closed.push(() => socket.destroy()),
      { limits: { ...hasty, requestTimeoutMs: 100, writeStallMs: 10_000 } },
    );
    using client = new RawClient(listener.port, post("0123456789").slice(0, -3));
    client.socket.allowHalfOpen = true;
    await until("408", () => client.received.includes("408"));
    closed[0]?.();
    await until("it is gone", () => listener.stats().openConnections === 0);
  });

  test("a client that takes nothing stops the writer, and is told of by drain", async () => {
    let drained = 0;
    const total = 32 * 1_048_576;
    await using listener = await listenWith(ours, (_request, response) => {
      response.writeHead(200, "OK", []);
      let left = total;
      const more = () => {
        while (left > 0) {
          left -= 65_536;
          if (!response.write(Buffer.alloc(65_536))) {
            response.once("drain", () => {
              drained += 1;
              more();
            });
            return;
          }
        }
        response.end();
      };
      more();
    });
    using client = new RawClient(listener.port);
    await once(client.socket, "connect");
    client.socket.removeAllListeners("data");
    let bytes = 0;
    client.socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    client.send(ask.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    await until("all of it", () => client.ending !== undefined, 10_000);
    expect(bytes).toBeGreaterThan(total);
    expect(drained).toBeGreaterThan(0);
  });

  test("an answer whose client has left ends, unfinished", async () => {
    const ends: boolean[] = [];
    await using listener = await listenWith(ours, (_request, response) => {
      response.on("close", () => ends.push(response.writableFinished));
    });
    for (const leave of ["end", "resetAndDestroy"] as const) {
      using client = new RawClient(listener.port, ask);
      await until("it is open", () => listener.stats().openConnections === 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.socket[leave]();
      await until("it is gone", () => listener.stats().openConnections === 0);
    }
    await until("both are told", () => ends.length === 2);
    expect(ends).toEqual([false, false]);
  });

  test("a client that half closes amid its body is answered 400", async () => {
    await using listener = await listenWith(ours, () => {});
    using client = new RawClient(listener.port, post("0123456789").slice(0, -3));
    await until("it is open", () => listener.stats().openConnections === 1);
    client.socket.end();
    await until("the end", () => client.ending !== undefined);
    expect(client.received).toMatch(/^HTTP\/1.1 400 .*"jsonrpc"/s);
  });

  test("who does not finish a head, or the body, in time is answered 408", async () => {
    const limits = { ...hasty, requestTimeoutMs: 200 };
    await using listener = await listenWith(ours, () => {}, { limits });
    using silent = new RawClient(listener.port);
    using begun = new RawClient(listener.port, ask.slice(0, -5));
    using amid = new RawClient(listener.port, post("0123456789").slice(0, -3));
    const all = [silent, begun, amid];
    await until("the ends", () => all.every(({ ending }) => ending !== undefined));
    for (const client of all) expect(client.received).toMatch(/^HTTP\/1.1 408 .*"jsonrpc"/s);
  });

  test("a body that comes too slowly is answered 408", async () => {
    await using listener = await listenWith(ours, (request) => void request.resume(), {
      limits: hasty,
    });
    using client = new RawClient(listener.port, post("x".repeat(1_000)).slice(0, -900));
    await until("the end", () => client.ending !== undefined);
    expect(client.received).toMatch(/^HTTP\/1.1 408 /);
  });

  test("an idle connection ends after its time, one that waits for its answer does not", async () => {
    let answer = () => {};
    await using listener = await listenWith(
      ours,
      (request, response) => {
        if (request.method === "GET") hello(request, response);
        else answer = () => hello(request, response);
      },
      { limits: hasty },
    );
    using waits = new RawClient(listener.port, post("{}"));
    using idle = new RawClient(listener.port, ask);
    await until("the idle one's end", () => idle.ending !== undefined, 10_000);
    expect(idle.received).toMatch(/hello$/);
    expect(waits.ending).toBeUndefined();
    answer();
    await until("the late answer", () => waits.received.endsWith("hello"));
  });

  test("an answer of which nothing is taken is cut off", async () => {
    let finished: boolean | undefined;
    await using listener = await listenWith(
      ours,
      (_request, response) => {
        response.on("close", () => {
          finished = response.writableFinished;
        });
        response.writeHead(200, "OK", []);
        response.end(Buffer.alloc(64 * 1_048_576));
      },
      { limits: hasty },
    );
    using client = new RawClient(listener.port);
    await once(client.socket, "connect");
    client.socket.pause();
    client.send(ask);
    await until("it is cut off", () => finished !== undefined, 10_000);
    expect(finished).toBe(false);
    await until("its place is free", () => listener.stats().openConnections === 0);
  });

  test("closing ends idle connections at once, and the others with their answers", async () => {
    const answers: (() => void)[] = [];
    const listener = await listenWith(ours, (request, response) => {
      if (request.method === "GET") hello(request, response);
      else answers.push(() => hello(request, response));
    });
    using fresh = new RawClient(listener.port);
    using idle = new RawClient(listener.port, ask);
    using busy = new RawClient(listener.port, post("{}"));
    using stuck = new RawClient(listener.port);
    await until("an answer", () => idle.received !== "");
    await until("a request", () => answers.length === 1);
    stuck.send(post("{}"));
    await until("another", () => answers.length === 2);
    const closed = listener.close(2_000);
    await until("the idle are gone", () => !!fresh.ending && !!idle.ending);
    expect(busy.ending).toBeUndefined();
    answers[0]?.();
    await until("the busy one is done", () => busy.ending !== undefined);
    expect(busy.received).toMatch(/hello$/);
    await closed;
    await until("the stuck one is cut", () => stuck.ending !== undefined);
    expect(stuck.received).toBe("");
  });

  test("closing is over once every answer that it cut has been told", async () => {
    let begun = 0;
    let told = 0;
    const listener = await listenWith(ours, (_request, response) => {
      begun += 1;
      response.once("close", () => (told += 1));
    });
    const clients = Array.from({ length: 3 }, () => new RawClient(listener.port, post("{}")));
    await until("the requests", () => begun === clients.length);
    await listener.close(20);
    expect(told).toBe(clients.length);
    for (const client of clients) client[Symbol.dispose]();
  });

  test("a listener that retires ends no connection on which its client was promised another request", async () => {
    const finish: (() => void)[] = [];
    const begunPath = `${path}/begun`;
    await using listener = await listenWith(ours, (request, response) => {
      if (request.url === path) hello(request, response);
      else {
        response.writeHead(200, "OK", []);
        // A head that has left has promised another request on its connection.
        if (request.url === begunPath) response.write(Buffer.from("first"));
        finish.push(() => response.end("last"));
      }
    });
    using used = new RawClient(listener.port, ask);
    await until("an answer", () => used.received.endsWith("hello"));
    const told = `Keep-Alive: timeout=${edgeLimits.reuseMaxMs / 1_000}\r\n`;
    expect(used.received).toContain(`Connection: keep-alive\r\n${told}`);
    using begun = new RawClient(listener.port, postTo(begunPath, "{}"));
    await until("the call's beginning", () => begun.received.includes("first"));
    using stream = new RawClient(listener.port, askAt(begunPath));
    await until("the stream's beginning", () => stream.received.includes("first"));

    const retired = listener.retire();
    used.send(ask);
    await until("the end after one more answer", () => used.ending !== undefined);
    expect(used.received.match(/Connection: close/g)).toHaveLength(1);
    using late = new RawClient(listener.port, ask);
    await until("the late one's end", () => late.ending !== undefined);
    expect(late.received).toMatch(/Connection: close.*hello$/s);
    await retired;
    finish[0]?.();
    await until("the call's answer", () => begun.received.endsWith("0\r\n\r\n"));
    const closed = listener.close(30_000);
    finish[1]?.();
    await until("the stream's end", () => stream.ending !== undefined);
    expect(stream.received).toMatch(/4\r\nlast\r\n0\r\n\r\n$/);
    begun.send(ask);
    await until("the answer to what was promised", () => begun.received.endsWith("hello"));
    await closed;
  });

  test("while memory is scarce requests are told when to come again", async () => {
    const memoryUse = () => ({ heap: 0.95, resident: 0.1 });
    const limits = { ...edgeLimits, checkIntervalMs: 20 };
    await using listener = await listenWith(ours, hello, { memoryUse, limits });
    await new Promise((resolve) => setTimeout(resolve, 100));
    using client = new RawClient(listener.port, post("{}"));
    await until("the end", () => client.ending !== undefined);
    const body = path === "/p/a" ? '"jsonrpc"' : '"unavailable"';
    expect(client.received).toMatch(/^HTTP\/1.1 503 .*\r\nRetry-After: 5\r\n/s);
    expect(client.received).toContain(body);
  });

  test("connections beyond the limit are told when to come again", async () => {
    const limits = { ...edgeLimits, connectionsMax: 1 };
    await using listener = await listenWith(ours, hello, { limits });
    using first = new RawClient(listener.port);
    await until("the first", () => listener.stats().openConnections === 1);
    using second = new RawClient(listener.port, post("{}"));
    await until("the second's end", () => second.ending !== undefined);
    expect(second.received).toMatch(/^HTTP\/1.1 503 .*\r\nRetry-After: 5\r\n/s);
    expect(first.ending).toBeUndefined();
    expect(listener.stats().refusedConnections).toBe(1);
  });
});

test("a connection on which Node has answered is read by us again", async () => {
  const readers: string[] = [];
  const as = (reader: string): Handle => {
    return (request, response) => {
      let bytes = 0;
      request.on("data", (chunk) => {
        bytes += chunk.length;
      });
      request.on("end", () => {
        readers.push(`${reader} ${request.method} ${request.url} ${bytes}`);
        hello(request, response);
      });
    };
  };
  const [handle, handleOrdinary] = [as("Node"), as("we")];
  await using listener = await listenWith(false, handle, { handleOrdinary });
  using client = new RawClient(listener.port);
  const body = "x".repeat(300_000);
  const asked = [askAt("/v1/a"), ask, postTo("/v1/a", body), postTo("/p/a", body), askAt("/"), ask];
  for (const [turn, text] of asked.entries()) {
    client.send(text);
    await until("an answer", () => client.received.split("hello").length === turn + 2);
  }
  expect(readers).toEqual([
    "Node GET /v1/a 0",
    "we GET /p/a 0",
    "Node POST /v1/a 300000",
    "we POST /p/a 300000",
    "Node GET / 0",
    "we GET /p/a 0",
  ]);
  expect(listener.stats().openConnections).toBe(1);
});

/** What the handler saw, and every byte that the client got. */
interface Talk {
  readonly seen: readonly string[];
  readonly received: string;
  readonly ending: string | undefined;
}

/** Says the pieces, each by itself, and half closes; after the answers to as many ordinary requests, the first not to `/p/`. */
async function talk(
  listener: Listener,
  seen: string[],
  before: number,
  pieces: readonly string[],
): Promise<Talk> {
  seen.length = 0;
  using client = new RawClient(listener.port);
  await once(client.socket, "connect");
  for (let turn = 1; turn <= before; turn += 1) {
    client.send(postTo(turn % 2 === 1 ? "/v1/a" : "/p/a", `before ${turn}`));
    await until("an answer", () => client.received.split("</end>").length === turn + 1);
  }
  for (const piece of pieces) {
    client.send(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.end();
  await until("the end", () => client.ending !== undefined, 10_000);
  await until("it is gone", () => listener.stats().openConnections === 0, 10_000);
  const received = client.received.replace(/^Date: .*\r\n/gm, "");
  return { seen: [...seen], received, ending: client.ending };
}

/** Tells what it saw, framed in one of the ways that answers are. */
function telling(seen: string[]): Handle {
  return (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (chunk) => pieces.push(chunk));
    request.on("end", () => {
      const { method, url, rawHeaders, httpVersionMinor, headers } = request;
      const body = Buffer.concat(pieces).toString("latin1");
      const { host, origin } = headers;
      const text = JSON.stringify([method, url, rawHeaders, httpVersionMinor, host, origin, body]);
      seen.push(text);
      response.sendDate = false;
      const bytes = Buffer.from(`${text}</end>`, "latin1");
      const length = body.length % 2 === 0 ? ["Content-Length", String(bytes.length)] : [];
      response.writeHead(200, "OK", ["X-Seen", "yes", ...length]);
      response.write(bytes.subarray(0, 7));
      response.end(bytes.subarray(7));
    });
  };
}

/** Status, fields, the pieces of the body; whether they come in one turn of the event loop. */
const answers: readonly (readonly [number, readonly string[], readonly string[], boolean])[] = [
  [200, ["Content-Length", "5"], ["hello"], true],
  [200, ["content-length", "10", "X", "\xe9"], ["hello", "hello"], true],
  [200, ["Content-Length", "10"], ["hello", "hello"], false],
  [200, ["Content-Length", "0"], [], true],
  [200, ["Content-Type", "text/event-stream"], ["data: 1\n\n", "data: 2\n\n"], false],
  [200, [], ["one", "", "two"], true],
  [200, [], ["x".repeat(70_000), "y"], true],
  [200, [], ["x".repeat(20_000), "y".repeat(20_000)], false],
  [200, [], [], true],
  [299, ["Date", "today", "Keep-Alive", "timeout=1"], ["x"], true],
  [404, ["Connection", "close"], ["gone"], true],
  [404, ["Connection", "Keep-Alive", "Content-Length", "4"], ["gone"], false],
  [204, ["X", "y"], [], true],
  [204, [], ["never"], true],
  [304, ["Content-Length", "100"], [], true],
];

test.for(answers)(
  "an answer is the same on the wire: %j",
  async ([status, fields, parts, atOnce]) => {
    let ended = 0;
    const handle: Handle = (_request, response) => {
      response.on("close", () => {
        ended += 1;
      });
      response.sendDate = false;
      response.writeHead(status, "Why", [...fields]);
      if (!atOnce) response.flushHeaders();
      const rest = [...parts];
      const more = () => {
        for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
          response.write(Buffer.from(part));
          if (!atOnce) return void setTimeout(more, 5);
        }
        response.end();
      };
      more();
    };
    await using ours = await listenWith(true, handle);
    await using nodes = await listenWith(false, handle);
    for (const text of [ask, postTo("/p/a", "{}", "Connection: close\r\n")]) {
      ended = 0;
      const found = await Promise.all(
        [ours, nodes].map(async ({ port }) => {
          using client = new RawClient(port, text);
          await until("both answers", () => ended === 2);
          client.socket.end();
          await until("the end", () => client.ending !== undefined);
          return client.received;
        }),
      );
      expect(found[0]).toBe(found[1]);
    }
  },
);

const templates = [
  postTo("/p/a", "{}"),
  postTo("/p/a", "odd"),
  postTo("/p/aa/b?c=%20", "{}", "Origin: http://localhost\r\nConnection: keep-alive\r\n"),
  postTo("/p/a", "last", "Connection: close\r\n"),
  ask,
  "DELETE /p/a HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: 1\r\n\r\n",
  "POST /p/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
  "HEAD /p/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /elsewhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
  postTo("/v1/a", "{}"),
  postTo("/v1/a", "last", "Connection: close\r\n"),
  "PUT /v1/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
  "OPTIONS /p/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /p/a HTTP/1.0\r\nHost: localhost\r\n\r\n",
];

const hostile = [
  ...'\0\t\n\r\v !"#%,/0129:;<=>?@[\\]{|}~\x7f\x80\xff',
  "\r\n",
  "\r\n\r\n",
  "\r\n ",
  "Host: localhost\r\n",
  "Host: elsewhere\r\n",
  "Origin: http://elsewhere\r\n",
  "Content-Length: 1\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "Connection: x\r\n",
  "Upgrade: websocket\r\n",
  "Expect: 100-continue\r\n",
];

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
/** In one piece, or cut anywhere. */
const inPieces = fc
  .tuple(changed(templates, hostile, 2), fc.array(place, { maxLength: 3 }))
  .map(([text, cuts]) => {
    const at = cuts.map((cut) => Math.floor(cut * text.length)).sort((a, b) => a - b);
    return [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
  });

test("whatever a client says, it is answered and passed on as if Node had read it", async () => {
  const seenByUs: string[] = [];
  const seenByNode: string[] = [];
  const names = { publicUrl: "http://localhost" };
  await using ours = await listenWith(true, guarded(names, telling(seenByUs)));
  await using nodes = await listenWith(false, guarded(names, telling(seenByNode)));
  const property = fc.asyncProperty(fc.nat(2), inPieces, async (before, pieces) => {
    const found = await talk(ours, seenByUs, before, pieces);
    const wanted = await talk(nodes, seenByNode, before, pieces);
    expect(found).toEqual(wanted);
  });
  await fc.assert(property, { numRuns: 150 });
});
