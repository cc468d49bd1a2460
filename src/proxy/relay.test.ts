import { once } from "node:events";
import type { Socket } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  dataPlane,
  get,
  httpUpstream,
  post,
  RawClient,
  rawUpstream,
  server,
  until,
} from "../../test/proxy/rig.ts";
import { systemClock } from "../clock.ts";
import { egressRule, type Resolve } from "./egress.ts";
import { failures } from "./failure.ts";
import { interimMax, piecesMax, readerStallMs, uploadSpanMs } from "./limits.ts";

const ping = '{"jsonrpc":"2.0","id":"seven","method":"ping"}';
const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

const bodyOf = (received: string) =>
  JSON.parse(received.slice(received.indexOf("\r\n\r\n") + 4)) as {
    id: unknown;
    error: { data: { source: string; reason: string } };
  };

/** Resolves when the count has begun and not moved for a while. */
async function standsStill(count: () => number): Promise<void> {
  let before = 0;
  let sinceMs = performance.now();
  await until("the count stands still", () => {
    if (count() !== before) sinceMs = performance.now();
    before = count();
    return before > 0 && performance.now() - sinceMs > 300;
  });
}

test.for([
  ["nothing at all, then a reset", "", 502, "connection_terminated", "connection_reset"],
  ["half a head", "HTTP/1.1 200 OK\r\nContent-", 502, "connection_terminated", "connection_reset"],
  ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 502, "http_protocol_error", "malformed_answer"],
  [
    "two different lengths",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    502,
    "http_protocol_error",
    "malformed_answer",
  ],
  [
    "a length and chunks",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    502,
    "http_protocol_error",
    "malformed_answer",
  ],
  [
    "provisional answers without end",
    "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n".repeat(interimMax + 1),
    502,
    "http_protocol_error",
    "malformed_answer",
  ],
  [
    "a coding under the chunks",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    502,
    "http_protocol_error",
    "malformed_answer",
  ],
  [
    "a bare CR between fields",
    "HTTP/1.1 200 OK\r\nA: b\rC: d\r\nContent-Length: 2\r\n\r\n{}",
    502,
    "http_protocol_error",
    "malformed_answer",
  ],
  [
    "a protocol nobody asked for",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    502,
    "http_upgrade_failed",
    "unexpected_upgrade",
  ],
  [
    "a bare 101",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    502,
    "http_upgrade_failed",
    "unexpected_upgrade",
  ],
  [
    "a head beyond 32 KiB",
    `HTTP/1.1 200 OK\r\nX: ${"x".repeat(40_000)}\r\n\r\n`,
    502,
    "http_response_header_section_size",
    "answer_head_too_large",
  ],
] as const)(
  "an upstream that sends $0 gets its client a 502 that says so",
  async ([, bytes, status, proxyError, reason]) => {
    await using upstream = await rawUpstream((socket, received) => {
      if (!received.endsWith(ping)) return;
      if (bytes.endsWith("\r\n\r\n") || bytes.endsWith("}") || bytes.endsWith("} "))
        socket.write(bytes);
      else if (bytes === "") socket.resetAndDestroy();
      else socket.end(bytes);
    });
    await using plane = await dataPlane(upstream.url);
    using client = new RawClient(plane.port, post(ping));
    await until("the answer", () => client.received.endsWith("}}}"));
    expect(client.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(client.received).toContain(`Proxy-Status: hookwatch; error=${proxyError}\r\n`);
    expect(bodyOf(client.received)).toMatchObject({
      id: "seven",
      error: { data: { source: "hookwatch", reason } },
    });
    await until("the upstream's socket is closed", () => upstream.sockets[0]?.destroyed === true);
    expect(plane.sightings[0]).toMatchObject({
      statusCode: status,
      order: ["request", "requestEnd", "upstream", "head", "response", "end"],
      end: { outcome: "upstream_failed" },
    });
    expect(plane.forwarder.stats()).toMatchObject({
      exchanges: { upstream_failed: 1, complete: 0 },
      failures: { [reason]: 1 },
      openExchanges: 0,
    });
  },
);

test("an upstream that is not there is a 502 that names no address", async () => {
  const upstream = await rawUpstream(() => {});
  await upstream[Symbol.asyncDispose]();
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, post(ping));
  await until("the answer", () => client.received.endsWith("}}}"));
  expect(client.received).toMatch(/^HTTP\/1.1 502 /);
  expect(client.received).toContain("Proxy-Status: hookwatch; error=connection_refused\r\n");
  expect(client.received).not.toContain("127.0.0.1");
  expect(client.received).not.toContain(String(upstream.port));
});

test("a name that cannot be resolved is a 502, one that takes for ever a 504", async () => {
  const resolvers: Resolve[] = [
    (_hostname, _options, callback) =>
      callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []),
    () => {},
  ];
  const answers: string[] = [];
  for (const resolve of resolvers) {
    const egress = egressRule({ mode: "local" }, resolve);
    await using plane = await dataPlane("http://name.example/", { egress, connectTimeoutMs: 100 });
    using client = new RawClient(plane.port, post(ping));
    await until("the answer", () => client.received.endsWith("}}}"));
    answers.push(client.received);
  }
  expect(answers[0]).toMatch(/^HTTP\/1.1 502 .*; error=dns_error\r\n.*"id":"seven"/s);
  expect(answers[1]).toMatch(/^HTTP\/1.1 504 .*; error=connection_timeout\r\n.*"id":"seven"/s);
});

test("a client that leaves before there is a connection leaves nothing waiting", async () => {
  const egress = egressRule({ mode: "local" }, () => {});
  await using plane = await dataPlane("http://name.example/", { egress });
  const client = new RawClient(plane.port, post(ping));
  await until("the exchange", () => plane.sightings.length === 1);
  client.socket.destroy();
  await until("the end", () => plane.forwarder.stats().openExchanges === 0);
  expect(plane.sightings[0]?.end?.outcome).toBe("client_left");
});

test("whatever an upstream sends, in whatever pieces, the exchange ends and the process goes on", async () => {
  let pieces: readonly string[] = [];
  let ending: "end" | "reset" | "stay" = "end";
  await using upstream = await rawUpstream((socket, received) => {
    if (!received.endsWith(ping)) return;
    for (const piece of pieces) socket.write(piece, "latin1");
    if (ending === "end") socket.end();
    if (ending === "reset") socket.resetAndDestroy();
  });
  await using plane = await dataPlane(upstream.url, { upstreamIdleTimeoutMs: 80 });
  const answers = [
    ok,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nbody",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
  ];
  const splinter = fc.constantFrom(
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "-1",
    "Transfer-Encoding: chunked\r\n",
    "Content-Length: 3\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "ffffffffffffffff\r\n",
    "\xff",
  );
  const edit = fc.record({
    at: fc.nat(200),
    drop: fc.nat(6),
    put: fc.oneof(fc.constant(""), splinter),
  });
  const garbled = fc
    .tuple(fc.constantFrom(...answers), fc.array(edit, { maxLength: 4 }))
    .map(([text, edits]) =>
      edits.reduce((now, { at, drop, put }) => now.slice(0, at) + put + now.slice(at + drop), text),
    );
  const property = fc.asyncProperty(
    garbled,
    fc.nat(60),
    fc.constantFrom("end", "reset", "stay"),
    async (text, cut, how) => {
      pieces = [text.slice(0, cut), text.slice(cut)];
      ending = how;
      using client = new RawClient(plane.port, post(ping, "Connection: close\r\n"));
      await until(`an end after ${JSON.stringify(text)}`, () => client.ending !== undefined);
      expect(client.received).toMatch(/^HTTP\/1.1 [2-9]\d\d /);
    },
  );
  await fc.assert(property, { numRuns: 200 });
  await until("nothing is left", () => plane.forwarder.stats().openExchanges === 0);
}, 30_000);

test.for([
  ["of a known length", "Content-Length: 100\r\n\r\nhalf"],
  ["in chunks", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
  ["in chunks, amid one", "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf"],
  ["in chunks, of a size that is none", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxyz\r\n"],
] as const)(
  "a body %s that is cut is cut for the client too, after what had come",
  async ([, rest]) => {
    await using upstream = await rawUpstream((socket, received) => {
      if (received.endsWith(ping))
        socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${rest}`);
    });
    await using plane = await dataPlane(upstream.url);
    using client = new RawClient(plane.port, post(ping));
    await until("the connection's end", () => client.ending !== undefined);
    expect(client.received).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(client.received).toContain("half");
    expect(client.received).not.toContain("0\r\n\r\n");
    expect(plane.sightings[0]).toMatchObject({
      response: "half",
      end: { outcome: "upstream_failed" },
    });
  },
);

test.for([
  ["a reset", "reset"],
  ["an end", "end"],
] as const)(
  "a body that only its connection ends is whole after an end and cut after a reset: %s",
  async ([, how]) => {
    let ending: Socket | undefined;
    await using upstream = await rawUpstream((socket, received) => {
      if (!received.endsWith(ping)) return;
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\nall");
      ending = socket;
    });
    await using plane = await dataPlane(upstream.url);
    using client = new RawClient(plane.port, post(ping));
    await until("the bytes", () => client.received.includes("all"));
    if (how === "reset") ending?.resetAndDestroy();
    else ending?.end();
    await until("the end", () => plane.sightings[0]?.end !== undefined);
    if (how === "end") await until("the last chunk", () => client.received.endsWith("0\r\n\r\n"));
    else await until("the connection's end", () => client.ending !== undefined);
    expect(client.received.endsWith("0\r\n\r\n")).toBe(how === "end");
    expect(plane.sightings[0]?.end?.outcome).toBe(how === "end" ? "complete" : "upstream_failed");
  },
);

test("a cut answer to an HTTP/1.0 client, which knows no lengths, is a reset", async () => {
  let upstreamSocket: Socket | undefined;
  await using upstream = await rawUpstream((socket) => {
    upstreamSocket = socket;
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, get().replace("HTTP/1.1", "HTTP/1.0"));
  await until("the bytes", () => client.received.endsWith("half"));
  upstreamSocket?.destroy();
  await until("the connection's end", () => client.ending !== undefined);
  expect(client.ending).toBe("reset");
});

test.for([
  ["before the answer", post(ping), (received: string) => received.endsWith(ping), ""],
  [
    "amid the answer",
    post(ping),
    (received: string) => received.endsWith(ping),
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
  ],
  [
    "while a stream is silent",
    get(),
    (received: string) => received.endsWith("\r\n\r\n"),
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
  ],
  ["before any answer to a GET", get(), (received: string) => received.endsWith("\r\n\r\n"), ""],
  [
    "amid its own request",
    post(ping).slice(0, -5),
    (received: string) => received.includes('"id"'),
    "",
  ],
] as const)(
  "a client that leaves %s takes the upstream with it within a second",
  async ([, request, ready, answer]) => {
    let arrived = false;
    await using upstream = await rawUpstream((socket, received) => {
      if (!ready(received) || arrived) return;
      arrived = true;
      if (answer) socket.write(answer);
    });
    await using plane = await dataPlane(upstream.url);
    const client = new RawClient(plane.port, request);
    await until("the request", () => arrived);
    if (answer) await until("the answer", () => client.received.includes("\r\n\r\n"));
    client.socket.destroy();
    await until(
      "the upstream's socket is closed",
      () => upstream.sockets[0]?.destroyed === true,
      1_000,
    );
    await until("the end", () => plane.sightings[0]?.end !== undefined);
    expect(plane.sightings[0]?.end?.outcome).toBe("client_left");
    expect(plane.forwarder.stats().openExchanges).toBe(0);
  },
);

test("an upstream that sends no head in time is a 504, one that falls silent breaks the answer", async () => {
  let answer = "";
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith(ping) && answer) socket.write(answer);
  });
  await using plane = await dataPlane(upstream.url, { upstreamIdleTimeoutMs: 200 });
  using first = new RawClient(plane.port, post(ping));
  await until("the answer", () => first.received.endsWith("}}}"));
  expect(first.received).toMatch(/^HTTP\/1.1 504 /);
  expect(bodyOf(first.received)).toMatchObject({
    id: "seven",
    error: { data: { reason: "idle_timeout" } },
  });
  answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
  using second = new RawClient(plane.port, post(ping));
  await until("the connection's end", () => second.ending !== undefined);
  expect(second.received).toMatch(/half$/);
  expect(plane.sightings.map(({ end }) => end?.outcome)).toEqual(["timeout", "timeout"]);
  await until("the upstream's sockets are closed", () =>
    upstream.sockets.every((socket) => socket.destroyed),
  );
});

test("every byte of an answer puts its deadline off, and a GET stream has none", async () => {
  await using upstream = await httpUpstream((request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    if (request.method === "GET") return;
    let left = 8;
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0) response.write(":\n\n");
      else response.end();
      if (left === 0) clearInterval(timer);
    }, 100);
  });
  await using plane = await dataPlane(upstream.url, { upstreamIdleTimeoutMs: 300 });
  using stream = new RawClient(plane.port, get());
  using call = new RawClient(plane.port, post(ping));
  await until("the call's end", () => call.received.endsWith("0\r\n\r\n"));
  expect(stream.ending).toBeUndefined();
  expect(plane.forwarder.stats()).toMatchObject({
    openExchanges: 1,
    exchanges: { timeout: 0, complete: 1 },
  });
});

test("a reader that stalls stops the upstream, and gets everything once it reads again", async () => {
  const total = 64 * 1_048_576;
  let written = 0;
  await using upstream = await rawUpstream((socket, received) => {
    if (!received.endsWith("\r\n\r\n")) return;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    const chunk = Buffer.alloc(65_536, 97);
    const pump = () => {
      while (written < total) {
        written += chunk.length;
        if (!socket.write(chunk)) {
          socket.once("drain", pump);
          return;
        }
      }
    };
    pump();
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, get());
  await once(client.socket, "connect");
  client.socket.pause();
  await standsStill(() => written);
  // Kernel buffers of four sockets on loopback grow to some megabytes; nothing of ours does.
  expect(written).toBeLessThan(32 * 1_048_576);
  let count = 0;
  client.socket.removeAllListeners("data");
  client.socket.on("data", (chunk) => {
    count += chunk.length;
  });
  client.socket.resume();
  await until("all bytes", () => count > total, 10_000);
  expect(plane.forwarder.stats().responseBytes).toBe(total);
});

test("an upstream that reads nothing stops the client's upload", async () => {
  await using upstream = await rawUpstream(
    () => {},
    (socket) => socket.pause(),
  );
  await using plane = await dataPlane(upstream.url);
  const total = 60 * 1_048_576;
  using client = new RawClient(
    plane.port,
    post("").replace("Content-Length: 0", `Content-Length: ${total}`),
  );
  let sent = 0;
  const chunk = Buffer.alloc(65_536, 97);
  const pump = () => {
    while (sent < total) {
      sent += chunk.length;
      if (!client.socket.write(chunk)) {
        client.socket.once("drain", pump);
        return;
      }
    }
  };
  pump();
  await standsStill(() => sent);
  expect(sent).toBeLessThan(32 * 1_048_576);
});

/** A clock that a test can put forward. */
function leapingClock() {
  let leaptMs = 0;
  return {
    nowMs: () => systemClock.nowMs() + leaptMs,
    monotonicMs: () => systemClock.monotonicMs() + leaptMs,
    leap: (ms: number) => {
      leaptMs += ms;
    },
  };
}

test.for([
  ["nothing more", 0, 408],
  ["less than a kilobyte a second", 1_000, 408],
  ["more than that", 20_000, 200],
] as const)(
  "a body of which %s comes is answered accordingly, and its upstream let go",
  async ([, bytes, status]) => {
    const clock = leapingClock();
    const total = 200_000;
    let taken = "";
    await using upstream = await rawUpstream((socket, received) => {
      taken = received;
      if (received.endsWith("end")) socket.write(ok);
    });
    await using plane = await dataPlane(upstream.url, { clock, upstreamIdleTimeoutMs: 400 });
    const head = post("").replace("Content-Length: 0", `Content-Length: ${total}`);
    using client = new RawClient(plane.port, `${head}begin`);
    await until("the beginning", () => taken.endsWith("begin"));
    // The pace is measured from the first look on, and looks are 100 ms apart.
    await new Promise((resolve) => setTimeout(resolve, 150));
    client.send("x".repeat(bytes));
    await until("what was sent", () => taken.endsWith(`begin${"x".repeat(bytes)}`));
    clock.leap(uploadSpanMs);
    if (status === 408) {
      await until("the answer", () => client.received.endsWith("}}}"));
      expect(client.received).toContain('"reason":"request_timeout"');
      await until("the upstream is let go", () => upstream.sockets[0]?.destroyed === true);
    } else {
      await new Promise((resolve) => setTimeout(resolve, 150));
      client.send(`${"y".repeat(total - bytes - 8)}end`);
      await until("the answer", () => client.received.endsWith("{}"));
    }
    expect(client.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  },
);

test.for([
  ["a byte each", "1\r\nx\r\n", 400],
  ["hundreds of bytes each", `100\r\n${"x".repeat(256)}\r\n`, 200],
] as const)("a body in many pieces is read if they are worth it: %s", async ([, piece, status]) => {
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith("0\r\n\r\n")) socket.write(ok);
  });
  await using plane = await dataPlane(upstream.url);
  const head = post("").replace("Content-Length: 0", "Transfer-Encoding: chunked");
  using client = new RawClient(plane.port, head);
  client.send(`${piece.repeat(piecesMax + 10)}0\r\n\r\n`);
  await until(
    "the answer",
    () => client.received.endsWith("}}}") || client.received.endsWith("{}"),
  );
  expect(client.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test("the time that an upstream takes over a body is not the client's", async () => {
  const clock = leapingClock();
  await using upstream = await rawUpstream(
    () => {},
    (socket) => socket.pause(),
  );
  await using plane = await dataPlane(upstream.url, { clock, upstreamIdleTimeoutMs: 1e12 });
  const total = 60 * 1_048_576;
  const head = post("").replace("Content-Length: 0", `Content-Length: ${total + 1}`);
  using client = new RawClient(plane.port, head);
  let sent = 0;
  const chunk = Buffer.alloc(65_536, 97);
  const pump = () => {
    while (sent < total) {
      sent += chunk.length;
      if (!client.socket.write(chunk)) {
        client.socket.once("drain", pump);
        return;
      }
    }
  };
  pump();
  await standsStill(() => sent);
  const answered = () => client.received !== "" || client.ending !== undefined;
  // Whenever it is looked at, time has passed.
  const passing = () => {
    clock.leap(2 * uploadSpanMs);
    return answered();
  };
  await expect(until("an answer", passing, 2_500)).rejects.toThrow("in vain");
  upstream.sockets[0]?.resume();
  await expect(until("an answer", answered, 1_500)).rejects.toThrow("in vain");
  await until("all of it is sent", () => sent >= total, 10_000);
  await until("an answer to who sends no more", () => {
    clock.leap(uploadSpanMs);
    return answered();
  });
  expect(client.received).toMatch(/^HTTP\/1.1 408 /);
});

test("a server may have a patience of its own", async () => {
  await using upstream = await rawUpstream(() => {});
  await using plane = await dataPlane(upstream.url, { upstreamIdleTimeoutMs: 100 });
  const patient = "bbbbbbbbbbbbbbbbbbbbbbbbbb";
  plane.directory.put(
    server(upstream.url, { id: "s2", slug: patient, upstreamIdleTimeoutMs: 60_000 }),
  );
  using waiting = new RawClient(plane.port, post(ping, "", `/p/${patient}`));
  using hasty = new RawClient(plane.port, post(ping));
  await until("the hasty one's answer", () => hasty.received.endsWith("}}}"));
  expect(hasty.received).toMatch(/^HTTP\/1.1 504 /);
  expect(waiting.received).toBe("");
  plane.directory.put(server(upstream.url, { upstreamIdleTimeoutMs: 60_000 }));
  hasty.received = "";
  hasty.send(post(ping));
  await until("the next one", () => plane.forwarder.stats().openExchanges === 2);
  expect(plane.forwarder.stats().exchanges.timeout).toBe(1);
});

test.for([
  ["while it waits for its answer", post(ping), ""],
  ["while a stream is silent", get(), "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"],
] as const)(
  "a client that closes its half of the connection %s has left",
  async ([, request, answer]) => {
    let arrived = false;
    await using upstream = await rawUpstream((socket, received) => {
      if (arrived || !/(?:\r\n\r\n|\})$/.test(received)) return;
      arrived = true;
      if (answer) socket.write(answer);
    });
    await using plane = await dataPlane(upstream.url);
    using client = new RawClient(plane.port, request);
    await until("the request", () => arrived);
    client.socket.end();
    await until("the upstream is let go", () => upstream.sockets[0]?.destroyed === true, 1_000);
    await until("the end", () => plane.forwarder.stats().openExchanges === 0);
    expect(plane.sightings[0]?.end?.outcome).toBe("client_left");
  },
);

test("a client that closes its half amid its body is answered 400, and its upstream let go", async () => {
  let taken = "";
  await using upstream = await rawUpstream((_socket, received) => {
    taken = received;
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, post(ping).slice(0, -5));
  await until("the beginning", () => taken.includes('"id"'));
  client.socket.end();
  await until("the connection's end", () => client.ending !== undefined);
  await until("the upstream is let go", () => upstream.sockets[0]?.destroyed === true, 1_000);
  await until("the end", () => plane.forwarder.stats().openExchanges === 0);
  expect(client.received).toMatch(/^(?:HTTP\/1.1 400 |$)/);
});

test("a reader that takes nothing of its answer is cut off after a minute, whether it has closed its half or not", async () => {
  const clock = leapingClock();
  await using upstream = await rawUpstream((socket, received) => {
    if (!received.endsWith("\r\n\r\n")) return;
    const total = 64 * 1_048_576;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    socket.write(Buffer.alloc(total, 97));
  });
  await using plane = await dataPlane(upstream.url, { clock, upstreamIdleTimeoutMs: 400 });
  for (const half of [false, true]) {
    using client = new RawClient(plane.port, get());
    await once(client.socket, "connect");
    client.socket.pause();
    const open = () => plane.forwarder.stats().openExchanges;
    await until("the exchange", () => open() === 1);
    await standsStill(() => upstream.sockets.at(-1)?.bytesWritten ?? 0);
    if (half) client.socket.end();
    clock.leap(readerStallMs + 1);
    await until("the end", () => open() === 0);
    await until("the upstream is let go", () => upstream.sockets.every((one) => one.destroyed));
  }
  expect(plane.sightings.map(({ end }) => end?.outcome)).toEqual(["client_left", "client_left"]);
});

test("ten megabytes pass in both directions, unchanged", async () => {
  const size = 10 * 1_048_576;
  await using upstream = await httpUpstream((request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    request.pipe(response);
  });
  await using plane = await dataPlane(upstream.url);
  const body = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) body.writeUInt32LE(at, at);
  const answer = await fetch(plane.url, { method: "POST", body });
  expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
  expect(plane.sightings[0]?.responseBytes).toBe(size);
  await until("the end", () => plane.forwarder.stats().exchanges.complete === 1);
  expect(plane.forwarder.stats()).toMatchObject({ requestBytes: size, responseBytes: size });
});

test("an answer that comes before the request's end passes, and the connection lives on", async () => {
  await using upstream = await rawUpstream((socket, received) => {
    if (received.includes("begin")) socket.write(ok);
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(
    plane.port,
    post("").replace("Content-Length: 0", "Content-Length: 10"),
  );
  client.send("begin");
  await until("the answer", () => client.received.endsWith("{}"));
  client.send("-rest");
  client.received = "";
  client.send(post("begin"));
  await until("the next answer", () => client.received.endsWith("{}"));
  expect(plane.forwarder.stats().exchanges.complete).toBe(2);
});

test("a request is delivered once and no more, whenever the upstream breaks the connection", async () => {
  const delivered: string[] = [];
  const answered = new WeakSet<Socket>();
  await using upstream = await rawUpstream((socket, received) => {
    const requests = received.match(/"id":\d+/g) ?? [];
    const last = requests.at(-1) ?? "";
    if (!received.endsWith("}") || delivered.at(-1) === last) return;
    delivered.push(last);
    // Each connection answers one request; the second one, on a connection used again, is broken off.
    if (answered.has(socket)) socket.resetAndDestroy();
    else socket.write(ok);
    answered.add(socket);
  });
  await using plane = await dataPlane(upstream.url);
  const statuses: string[] = [];
  for (let id = 0; id < 20; id += 1) {
    using client = new RawClient(plane.port, post(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`));
    await until("an answer", () => client.received.endsWith("}"));
    statuses.push(client.received.slice(9, 12));
  }
  expect(delivered).toEqual(Array.from({ length: 20 }, (_, id) => `"id":${id}`));
  expect(statuses).toEqual(Array.from({ length: 20 }, (_, id) => (id % 2 === 0 ? "200" : "502")));
});

test("servers with one and the same origin share no connection", async () => {
  const connections = new Map<Socket, Set<string>>();
  await using upstream = await rawUpstream((socket, received) => {
    if (!received.endsWith("}")) return;
    const servers = connections.get(socket) ?? new Set();
    connections.set(socket, servers.add(received.includes("theirs") ? "theirs" : "ours"));
    socket.write(ok);
  });
  await using plane = await dataPlane(upstream.url);
  const other = "bbbbbbbbbbbbbbbbbbbbbbbbbb";
  plane.directory.put(server(upstream.url, { id: "s2", slug: other }));
  for (let round = 0; round < 5; round += 1) {
    using theirs = new RawClient(plane.port, post('{"theirs":1}', "", `/p/${other}`));
    await until("their answer", () => theirs.received.endsWith("{}"));
    using ours = new RawClient(plane.port, post(ping));
    await until("our answer", () => ours.received.endsWith("{}"));
  }
  expect([...connections.values()]).toEqual([new Set(["theirs"]), new Set(["ours"])]);
});

test("what a server leaves on its connection is never another server's answer", async () => {
  const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
  await using upstream = await rawUpstream((socket, received) => {
    if (!received.endsWith("}")) return;
    // Left there at once, where it ends the connection, or for whoever uses the connection next.
    const isUsed = received.split("POST ").length > 2;
    if (received.includes('"hostile"') && isUsed) socket.write(poison);
    else socket.write(ok + (received.includes('"hostile":1') ? poison : ""));
  });
  await using plane = await dataPlane(upstream.url);
  const other = "bbbbbbbbbbbbbbbbbbbbbbbbbb";
  // The very same origin: only the server differs.
  plane.directory.put(server(upstream.url, { id: "s2", slug: other }));
  for (let round = 0; round < 30; round += 1) {
    const body = `{"hostile":${round % 2}}`;
    using hostile = new RawClient(plane.port, post(body, "", `/p/${other}`));
    await until("the hostile server's answer", () => /\{\}$|poison$/.test(hostile.received));
    using client = new RawClient(plane.port, post(ping));
    await until("the answer", () => /\{\}$|poison$/.test(client.received));
    expect(client.received).not.toContain("poison");
  }
});

test("a dropped server's idle connections close at once, a busy one after its answer", async () => {
  let finish = () => {};
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith("}") && !received.includes("slow")) socket.write(ok);
    if (received.endsWith("}") && received.includes("slow")) finish = () => socket.write(ok);
  });
  await using plane = await dataPlane(upstream.url);
  using slow = new RawClient(plane.port, post('{"slow":1}'));
  await until("the slow request", () => upstream.sockets.length === 1);
  using quick = new RawClient(plane.port, post(ping));
  await until("the quick answer", () => quick.received.endsWith("{}"));
  plane.forwarder.dropServer("s1");
  await until("the idle connection is closed", () => upstream.sockets[1]?.destroyed === true);
  expect(upstream.sockets[0]?.destroyed).toBe(false);
  finish();
  await until("the slow answer", () => slow.received.endsWith("{}"));
  // Sooner than an idle connection would close by itself.
  await until(
    "the busy connection is closed",
    () => upstream.sockets[0]?.destroyed === true,
    1_000,
  );
  expect(plane.forwarder.stats()).toMatchObject({ pools: 0, idleConnections: 0 });
});

test("a target that changed is called from the next exchange on", async () => {
  const answer = (text: string) =>
    rawUpstream((socket, received) => {
      if (received.endsWith("}")) socket.write(ok.replace("{}", text));
    });
  await using before = await answer("{}");
  await using after = await answer("[]");
  await using plane = await dataPlane(before.url);
  using client = new RawClient(plane.port, post(ping));
  await until("the first answer", () => client.received.endsWith("{}"));
  plane.directory.put(server(after.url));
  client.send(post(ping));
  await until("the second answer", () => client.received.endsWith("[]"));
});

test("connections are used again while they are fresh, and pools of silent servers go away", async () => {
  await using upstream = await rawUpstream((socket, received) => {
    if (received.endsWith("}")) socket.write(ok);
  });
  await using plane = await dataPlane(upstream.url);
  for (let round = 0; round < 5; round += 1) {
    using client = new RawClient(plane.port, post(ping));
    await until("the answer", () => client.received.endsWith("{}"));
  }
  expect(upstream.sockets).toHaveLength(1);
  expect(plane.forwarder.stats()).toMatchObject({ pools: 1, idleConnections: 1 });
  await until("the pool is gone", () => plane.forwarder.stats().pools === 0, 5_000);
  expect(upstream.sockets[0]?.destroyed).toBe(true);
});

test("draining lets calls finish, whose answer is a stream, too, ends streams between events and cuts the rest when its time is up", async () => {
  let finish: (() => void) | undefined;
  let finishEvents: (() => void) | undefined;
  await using upstream = await httpUpstream((request, response) => {
    if (request.method === "POST") {
      if (request.headers["x-stuck"]) response.writeHead(200).write("half");
      else if (request.headers["x-events"]) {
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write("data: progress\n\n");
        finishEvents = () => response.end("data: result\n\n");
      } else finish = () => response.end("{}");
      return;
    }
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write("data: 1\n\n");
  });
  await using plane = await dataPlane(upstream.url);
  using stuck = new RawClient(plane.port, post(ping, "X-Stuck: 1\r\n"));
  await until("the stuck call", () => stuck.received.includes("half"));
  using stream = new RawClient(plane.port, get());
  await until("the event", () => stream.received.includes("data: 1\n\n"));
  using call = new RawClient(plane.port, post(ping));
  await until("the call", () => finish !== undefined);
  using events = new RawClient(plane.port, post(ping, "X-Events: 1\r\n"));
  await until("the call's progress", () => events.received.includes("data: progress\n\n"));
  const drained = plane.forwarder.drain(3_000);
  await until("the stream's end", () => stream.received.endsWith("0\r\n\r\n"));
  using newcomer = new RawClient(plane.port, post(ping, "X-Events: 1\r\n"));
  await until("a new call's progress", () => newcomer.received.includes("data: progress\n\n"));
  expect(events.received).not.toContain("0\r\n\r\n");
  finishEvents?.();
  finish?.();
  await until("the call's end", () => call.received.endsWith("{}"));
  await until("the new call's end", () => newcomer.received.includes("data: result\n\n"));
  await drained;
  // Nobody ended it; it stood between two events.
  expect(events.received).toMatch(/data: progress\n\n\r\n0\r\n\r\n$/);
  await until("the stuck call is cut", () => stuck.ending !== undefined);
  expect(plane.sightings.map(({ end }) => end?.outcome)).toEqual([
    "refused",
    "refused",
    "complete",
    "refused",
    "complete",
  ]);
  expect(plane.sightings[0]?.end?.reason).toBe(failures.shuttingDown.message);
});
