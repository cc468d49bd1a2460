/** A line by itself, and what clients get of upstreams that do on theirs what is rare. */
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import {
  dataPlane,
  get,
  post,
  RawClient,
  rawUpstream,
  slug,
  type Upstream,
  until,
} from "../../test/proxy/rig.ts";
import { systemClock } from "../clock.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { egressRule } from "./egress.ts";
import type { Failure } from "./failure.ts";
import { idleMsAfter } from "./keep-alive.ts";
import { interimMax, keepAliveDefaultMs, keepAliveMaxMs } from "./limits.ts";
import { Line, type LineUser } from "./line.ts";
import { type LineRequest, requestHead } from "./request-head.ts";
import { Upload } from "./upload.ts";

const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

function lineTo({ port }: Upstream): Line {
  const origin = new URL(`http://127.0.0.1:${port}`);
  return new Line({
    origin,
    connect: egressRule({ mode: "local" }).connector(origin.origin, 1_000),
    now: () => systemClock.monotonicMs(),
    via: () => "",
    released() {},
  });
}

class Listener implements LineUser {
  head: ResponseHead | undefined;
  body = "";
  end: "whole" | Failure | undefined;
  readonly #onFirst: () => void;

  constructor(onFirst: () => void = () => {}) {
    this.#onFirst = onFirst;
  }

  onHead(head: ResponseHead): void {
    this.head = head;
  }

  onBody(piece: Buffer): void {
    const isFirst = this.body === "";
    this.body += piece.toString("latin1");
    if (isFirst) this.#onFirst();
  }

  onEnd(): void {
    expect(this.end).toBeUndefined();
    this.end = "whole";
  }

  onFailure(failure: Failure): void {
    expect(this.end).toBeUndefined();
    this.end = failure;
  }
}

function ask(line: Line, onFirst?: () => void): Listener {
  const user = new Listener(onFirst);
  line.dispatch({ method: "POST", path: "/mcp", headers: [], body: Buffer.from(ping) }, user);
  return user;
}

test("an exchange knows when its connection was made, once, and when it was asked and answered", async () => {
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith(ping)) socket.write(ok);
  });
  const line = lineTo(upstream);
  const beganAtMs = systemClock.monotonicMs();
  const first = ask(line);
  await until("the first answer", () => first.end === "whole");
  const made = line.timings;
  const times = [
    beganAtMs,
    made.connectBeganAtMs,
    made.connectedAtMs,
    made.requestSentAtMs,
    made.firstByteAtMs,
    systemClock.monotonicMs(),
  ];
  expect(times).toEqual(times.map(Number).toSorted((a, b) => a - b));
  expect(made.securedAtMs).toBeUndefined();
  const second = ask(line);
  await until("the second answer", () => second.end === "whole");
  expect(line.timings).toMatchObject({ connectBeganAtMs: undefined, connectedAtMs: undefined });
  expect(line.timings.firstByteAtMs).toBeGreaterThan(line.timings.requestSentAtMs ?? Infinity);
  expect(made.firstByteAtMs).toBe(times[4]);
  expect(upstream.sockets).toHaveLength(1);
  line.destroy();
});

test("what came whole is given whole, although its reader waited and the connection was reset meanwhile", async () => {
  const total = 40_000;
  let answering: Socket | undefined;
  await using upstream = await rawUpstream((socket, received) => {
    if (!received.endsWith(ping)) return;
    answering = socket;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\na`);
  });
  const line = lineTo(upstream);
  const user = ask(line, () => line.pause());
  await until("the first byte", () => user.body === "a");
  const sent = Promise.withResolvers<void>();
  answering?.write("b".repeat(total - 1), () => sent.resolve());
  await sent.promise;
  // The kernel has it; so has our socket after a turn or two.
  await new Promise((resolve) => setTimeout(resolve, 50));
  answering?.resetAndDestroy();
  await until("the end", () => user.end !== undefined);
  expect(user.end).toBe("whole");
  expect(user.body).toHaveLength(total);
  line.destroy();
});

test("a reader that waits is not given what comes meanwhile, and a connection that it held is good for the next", async () => {
  await using upstream = await rawUpstream((socket, received) => {
    if (!received.endsWith(ping)) return;
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", () =>
      setTimeout(() => socket.write("b"), 20),
    );
  });
  const line = lineTo(upstream);
  for (let round = 0; round < 3; round += 1) {
    const user = ask(line, () => line.pause());
    await until("the first byte", () => user.body === "a");
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(user.body).toBe("a");
    line.resume();
    await until("the end", () => user.end === "whole");
    expect(user.body).toBe("ab");
  }
  expect(upstream.sockets).toHaveLength(1);
  line.destroy();
});

test.for([
  ["bytes that nobody asked for", (socket: Socket) => socket.write("HTTP/1.1 200 OK\r\n\r\n")],
  ["its end", (socket: Socket) => socket.end()],
  ["a reset", (socket: Socket) => socket.resetAndDestroy()],
] as const)("an idle connection on which %s came is used no more", async ([, act]) => {
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith(ping)) socket.write(ok);
  });
  const line = lineTo(upstream);
  const first = ask(line);
  await until("the first answer", () => first.end === "whole");
  expect(line.connected).toBe(true);
  const [socket] = upstream.sockets;
  if (socket) act(socket);
  await until("the connection is gone", () => !line.connected);
  const second = ask(line);
  await until("the second answer", () => second.end === "whole");
  expect(second.body).toBe("{}");
  expect(upstream.sockets).toHaveLength(2);
  line.destroy();
});

test("what follows an answer is no answer, and its connection is used no more", async () => {
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith(ping)) socket.write(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx`);
  });
  await using plane = await dataPlane(upstream.url);
  for (let round = 0; round < 3; round += 1) {
    using client = new RawClient(plane.port, post(ping));
    await until("the answer", () => client.received.endsWith("\r\n\r\n{}"));
  }
  expect(upstream.sockets).toHaveLength(3);
});

test.for([
  ["a 100 that nobody asked for", "HTTP/1.1 100 Continue\r\n\r\n"],
  [
    "a 102 and early hints",
    "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n",
  ],
  ["as many as may be", "HTTP/1.1 100 Continue\r\n\r\n".repeat(interimMax)],
] as const)(
  "the answer behind %s is the answer, in whatever pieces it comes",
  async ([, interim]) => {
    let pieces = 1;
    await using upstream = await rawUpstream((socket, received) => {
      if (!received.endsWith(ping)) return;
      const text = interim + ok;
      void writeInPieces(socket, text, Math.ceil(text.length / pieces));
    });
    await using plane = await dataPlane(upstream.url);
    for (pieces of [1, 2, 3, 7]) {
      using client = new RawClient(plane.port, post(ping));
      await until("the answer", () => client.received.endsWith("{}"));
      expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(client.received).not.toContain("Continue");
    }
  },
);

async function writeInPieces(socket: Socket, text: string, length: number): Promise<void> {
  for (let at = 0; at < text.length; at += length) {
    socket.write(text.slice(at, at + length));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const refusal = "too large, and this is all that I say";

test.for([
  ["413, and closes", "413 Content Too Large", (socket: Socket) => socket.destroySoon(), false],
  [
    "431, and closes",
    "431 Request Header Fields Too Large",
    (socket: Socket) => socket.destroySoon(),
    true,
  ],
  ["401, and only ends", "401 Unauthorized", (socket: Socket) => socket.end(), false],
  ["503, and goes on listening", "503 Service Unavailable", () => {}, true],
] as const)(
  "an upstream that answers %s amid an upload is understood",
  { timeout: 30_000 },
  async ([, status, finish, chunked]) => {
    const answer = `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${refusal.length}\r\n\r\n${refusal}`;
    const answered = new WeakSet<Socket>();
    await using upstream = await rawUpstream((socket) => {
      if (answered.has(socket)) return;
      answered.add(socket);
      // What it has not read when it closes makes the closing a reset.
      socket.pause();
      socket.write(answer, () => finish(socket));
    });
    await using plane = await dataPlane(upstream.url);
    for (let round = 0; round < 15; round += 1) {
      using client = new RawClient(plane.port);
      upload(client, chunked, 12 * 1_048_576);
      await until("the answer", () => client.received.endsWith(refusal), 8_000);
      expect(client.received.startsWith(`HTTP/1.1 ${status}\r\n`)).toBe(true);
    }
    await until("all are over", () => plane.forwarder.stats().exchanges.complete === 15);
    await until("no connection is kept", () =>
      upstream.sockets.every((socket) => socket.destroyed || socket.readableFlowing === false),
    );
  },
);

/** Sends as fast as it is taken. */
function upload(client: RawClient, chunked: boolean, total: number): void {
  const framing = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${total}`;
  client.send(`POST /p/${slug} HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`);
  const data = Buffer.alloc(65_536, 97);
  const piece = chunked
    ? Buffer.concat([Buffer.from("10000\r\n"), data, Buffer.from("\r\n")])
    : data;
  let left = total;
  const pump = () => {
    while (left > 0 && !client.socket.destroyed) {
      left -= data.length;
      if (!client.socket.write(piece)) {
        client.socket.once("drain", pump);
        return;
      }
    }
    if (chunked && left <= 0 && !client.socket.destroyed) client.send("0\r\n\r\n");
  };
  pump();
}

test("an upstream that ends amid an upload without an answer is a 502", async () => {
  await using upstream = await rawUpstream((socket) => {
    socket.pause();
    socket.destroySoon();
  });
  await using plane = await dataPlane(upstream.url);
  for (const chunked of [false, true]) {
    using client = new RawClient(plane.port);
    upload(client, chunked, 12 * 1_048_576);
    await until("the answer", () => client.received.includes("connection_reset"), 8_000);
    expect(client.received).toMatch(/^HTTP\/1\.1 502 /);
  }
});

test("a body that is malformed from its first byte is cut, and its head is let out all the same", async () => {
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith(ping)) {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone");
    }
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, post(ping));
  await until("the connection's end", () => client.ending !== undefined);
  expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)+\r\n$/);
  expect(plane.sightings[0]?.end?.outcome).toBe("upstream_failed");
});

test("an answer to HEAD needs no body, and its connection is closed", async () => {
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith("\r\n\r\n"))
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, get().replace("GET", "HEAD"));
  await until("the answer", () => client.received.endsWith("\r\n\r\n"));
  expect(client.received).toContain("Content-Length: 99\r\n");
  await until("it is closed", () => upstream.sockets[0]?.destroyed === true);
});

const asked: LineRequest = { method: "POST", path: "/mcp", headers: [], body: null };

test.for([
  ["a line end in a value", { headers: ["X", "a\r\nY: b"] }],
  ["a bare LF in a value", { headers: ["X", "a\nb"] }],
  ["what becomes a line end as one byte", { headers: ["X", "a\u010ab"] }],
  ["a NUL in a value", { headers: ["X", "\0"] }],
  ["a colon in a name", { headers: ["X: y", "b"] }],
  ["a name that is empty", { headers: ["", "b"] }],
  ["a blank in its target", { path: "/mcp HTTP/1.1" }],
  ["a line end in its target", { path: "/mcp\r\nX: y" }],
  ["what becomes a line end in its target", { path: "/mcp\u010d\u010a" }],
  ["no target", { path: "" }],
  ["a blank in its method", { method: "GET /" }],
  ["two lengths", { headers: ["Content-Length", "0", "content-length", "0"] }],
  ["a length that is none", { headers: ["Content-Length", "0x0"] }],
  ["another length than its body", { headers: ["Content-Length", "3"], body: Buffer.from("ab") }],
  ["a length and no body", { headers: ["Content-Length", "3"] }],
] as const)("a request is not sent that has %s", ([, changes]) => {
  expect(requestHead(asked, "a.example", "")).toBeDefined();
  expect(requestHead({ ...asked, ...changes }, "a.example", "")).toBeUndefined();
});

test("a head says how its body is framed, last, and whether the connection may serve on", () => {
  const upload = new Upload(() => {});
  const two = Buffer.from("ab");
  const framed = (changes: Partial<LineRequest>) => {
    const head = requestHead({ ...asked, ...changes }, "a.example:81", "1.1 us");
    return [head?.text.split("\r\n").slice(3), head?.bodyBytes, head?.persistent];
  };
  const via = "Via: 1.1 us";
  expect(framed({})).toEqual([[via, "content-length: 0", "", ""], 0, true]);
  expect(framed({ method: "GET" })).toEqual([[via, "", ""], 0, true]);
  expect(framed({ method: "HEAD" })).toEqual([[via, "", ""], 0, false]);
  expect(framed({ body: two })).toEqual([[via, "content-length: 2", "", ""], 2, true]);
  expect(framed({ method: "GET", body: two })).toEqual([
    [via, "content-length: 2", "", ""],
    2,
    false,
  ]);
  expect(framed({ body: upload })).toEqual([[via, "transfer-encoding: chunked", "", ""], -1, true]);
  const sized = { headers: ["A", "b", "Content-Length", "9", "C", "d"], body: upload };
  expect(framed(sized)).toEqual([["A: b", "C: d", via, "content-length: 9", "", ""], 9, true]);
});

test.for([
  [9, "longer than its head said"],
  [11, "shorter than its head said"],
] as const)("a body of %d bytes that is %s is not sent as if it were right", async ([bytes]) => {
  let received = "";
  await using upstream = await rawUpstream((_socket, text) => {
    received = text;
  });
  const line = lineTo(upstream);
  const user = new Listener();
  const body = new Upload(() => {});
  body.push(Buffer.from("0123456789"));
  body.push(null);
  line.dispatch({ ...asked, headers: ["Content-Length", String(bytes)], body }, user);
  await until("the end", () => user.end !== undefined);
  expect(user.end).toMatchObject({ reason: "bad_request" });
  expect(received).not.toContain("0123456789".repeat(bytes === 9 ? 1 : 2));
  await until("the connection is closed", () => upstream.sockets.every((one) => one.destroyed));
});

test.for([
  [[], keepAliveDefaultMs],
  [["Keep-Alive", "max=5"], keepAliveDefaultMs],
  [["Keep-Alive", "timeout=5"], 4_000],
  [["keep-alive", "max=9, Timeout=5"], 4_000],
  [["Keep-Alive", "timeout=1"], 0],
  [["Keep-Alive", "timeout=0"], 0],
  [["Keep-Alive", "timeout=600"], keepAliveMaxMs],
] as const)("a connection may be used again for as long as %j says, less a margin", ([raw, ms]) => {
  expect(idleMsAfter(raw)).toBe(ms);
});
