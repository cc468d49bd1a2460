import { expect, test } from "vitest";
import {
  dataPlane,
  get,
  httpUpstream,
  post,
  RawClient,
  rawUpstream,
  server,
  slug,
  until,
} from "../../test/proxy/rig.ts";
import { silentLog } from "../telemetry.ts";
import { egressRule } from "./egress.ts";

const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';

test("a request and its answer pass byte for byte, fields in order, case and number", async () => {
  let request = "";
  await using upstream = await rawUpstream((socket, received) => {
    request = received;
    if (!received.endsWith(ping)) return;
    socket.write(
      "HTTP/1.1 299 Quite \xc3\xa9ll\r\nX-One: a\r\nx-two: \xe9\r\nX-One: b\r\nContent-Type: application/json\r\n" +
        "Content-Length: 2\r\nServer: them\r\nVia: 1.1 cdn\r\nAccess-Control-Allow-Origin: *\r\n\r\n{}",
      "latin1",
    );
  });
  await using plane = await dataPlane(`${upstream.url}?key=1`);
  using client = new RawClient(
    plane.port,
    post(ping, "X-A: 1\r\nx-B: \xe9\r\nX-A: 2\r\nCookie: c=1\r\n", `/p/${slug}?a=%20b`),
  );
  await until("the answer", () => client.received.endsWith("{}"));
  expect(request.split("\r\n").filter((line) => !/^connection/i.test(line))).toEqual([
    "POST /mcp?key=1&a=%20b HTTP/1.1",
    `host: 127.0.0.1:${upstream.port}`,
    "Content-Type: application/json",
    "X-A: 1",
    "x-B: \xe9",
    "X-A: 2",
    "Cookie: c=1",
    `content-length: ${ping.length}`,
    "",
    ping,
  ]);
  expect(
    client.received.split("\r\n").filter((line) => !/^(connection|keep-alive)/i.test(line)),
  ).toEqual([
    "HTTP/1.1 299 Quite \xc3\xa9ll",
    "X-One: a",
    "x-two: \xe9",
    "X-One: b",
    "Content-Type: application/json",
    "Content-Length: 2",
    "Server: them",
    "Via: 1.1 cdn",
    "Access-Control-Allow-Origin: *",
    "",
    "{}",
  ]);
  await until("the end", () => plane.sightings[0]?.end !== undefined);
  expect(plane.sightings[0]).toMatchObject({
    request: ping,
    response: "{}",
    statusCode: 299,
    order: ["request", "requestEnd", "upstream", "head", "response", "end"],
    end: { outcome: "complete", reason: "" },
  });
});

test("an event reaches the client before the next one is sent, head first of all", async () => {
  await using upstream = await httpUpstream((_request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    next = (text) => response.write(text);
  });
  let next = (_text: string): unknown => undefined;
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, get("Accept: text/event-stream\r\n"));
  await until("the head", () => client.received.includes("\r\n\r\n"));
  for (const event of ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]) {
    next(event);
    await until(event, () => client.received.includes(event));
  }
  expect(client.received).toMatch(/text\/event-stream/);
});

test.for([
  ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
  ["GET", "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"],
  ["GET", "HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 5\r\n\r\n"],
  ["POST", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"],
  ["DELETE", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
  ["OPTIONS", "HTTP/1.1 204 No Content\r\nAllow: POST\r\n\r\n"],
] as const)(
  "an answer without a body passes as it is, and the connection goes on: %s",
  async ([method, answer]) => {
    await using upstream = await rawUpstream((socket, received) => {
      if (/\r\n\r\n(\{\})?$/.test(received)) socket.write(answer);
    });
    await using plane = await dataPlane(upstream.url);
    using client = new RawClient(plane.port);
    for (let round = 0; round < 3; round += 1) {
      client.received = "";
      client.send(method === "POST" ? post("{}") : get().replace("GET", method));
      await until("the answer", () => client.received.endsWith("\r\n\r\n"));
      const lines = client.received
        .split("\r\n")
        .filter((line) => !/^(connection|keep-alive)/i.test(line));
      expect(lines.join("\r\n")).toBe(answer);
    }
    expect(client.ending).toBeUndefined();
  },
);

test("a chunked request stays chunked, and its chunks leave as they come", async () => {
  let request = "";
  await using upstream = await rawUpstream((socket, received) => {
    request = received;
    if (received.endsWith("0\r\n\r\n"))
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(
    plane.port,
    post("").replace("Content-Length: 0", "Transfer-Encoding: chunked"),
  );
  client.send('5\r\n{"id"\r\n');
  await until("the first chunk", () => request.includes('5\r\n{"id"'));
  client.send("3\r\n:1}\r\n0\r\n\r\n");
  await until("the answer", () => client.received.endsWith("\r\n\r\n"));
  expect(request).toMatch(/transfer-encoding: chunked\r\n/i);
  expect(request).toContain("3\r\n:1}\r\n0\r\n\r\n");
  expect(plane.sightings[0]?.request).toBe('{"id":1}');
});

test("a chunked request stays chunked even when all of it is here before the upstream is", async () => {
  let request = "";
  await using upstream = await rawUpstream((socket, received) => {
    request = received;
    if (received.endsWith("}") || received.endsWith("0\r\n\r\n"))
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  await using plane = await dataPlane(upstream.url);
  const head = post("").replace("Content-Length: 0", "Transfer-Encoding: chunked");
  using client = new RawClient(plane.port, `${head}5\r\n{"id"\r\n3\r\n:1}\r\n0\r\n\r\n`);
  await until("the answer", () => client.received.endsWith("\r\n\r\n"));
  expect(request).toMatch(/transfer-encoding: chunked\r\n/i);
  expect(request).not.toMatch(/content-length/i);
});

test("what follows the slug follows the target's path, and both queries are kept", async () => {
  const seen: (string | undefined)[] = [];
  await using upstream = await httpUpstream((request, response) => {
    seen.push(request.url);
    response.end();
  });
  await using plane = await dataPlane(`http://127.0.0.1:${upstream.port}/mcp?key=s%20t`);
  for (const below of ["", "/", "/messages", "/a%20b/c?d=%2F..&e", "?x=1", "?"])
    await fetch(plane.url + below);
  expect(seen).toEqual([
    "/mcp?key=s%20t",
    "/mcp/?key=s%20t",
    "/mcp/messages?key=s%20t",
    "/mcp/a%20b/c?key=s%20t&d=%2F..&e",
    "/mcp?key=s%20t&x=1",
    "/mcp?key=s%20t",
  ]);
  expect(plane.sightings[3]?.opening.path).toBe("/a%20b/c?d=%2F..&e");
});

test.for([
  ["", "}}}"],
  ["/below?x=1", "}}}"],
  ["/../x", "}}}"],
  ["?key=hw_0123456789abcdef0123456789abcdef", "}}}"],
] as const)(
  "unknown, removed, rotated and inactive servers are told apart by nobody: %s",
  async ([below, end]) => {
    await using upstream = await httpUpstream((_request, response) => response.end("{}"));
    await using plane = await dataPlane(upstream.url);
    const inactive = server(upstream.url, { id: "s2", slug: "b".repeat(26), isActive: false });
    const removed = server(upstream.url, { id: "s3", slug: "c".repeat(26) });
    const rotated = server(upstream.url, { id: "s4", slug: "e".repeat(26) });
    plane.directory.put(inactive);
    plane.directory.put(removed);
    plane.directory.remove(removed);
    plane.directory.put(rotated);
    plane.directory.put({ ...rotated, slug: "f".repeat(26) });
    const answers: string[] = [];
    for (const one of [inactive.slug, removed.slug, rotated.slug, "d".repeat(26), "x", ""]) {
      using client = new RawClient(plane.port, post(ping, "", `/p/${one}${below}`));
      await until("the answer", () => client.received.endsWith(end));
      answers.push(client.received);
    }
    expect(new Set(answers).size).toBe(1);
    expectUnknown(answers[0] ?? "");
    expect(plane.sightings).toHaveLength(0);
    expect(upstream.sockets).toHaveLength(0);
  },
);

function expectUnknown(answer: string): void {
  expect(answer).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
  expect(answer).toContain("Proxy-Status: hookwatch; error=destination_not_found\r\n");
  expect(answer).toMatch(/\{"jsonrpc":"2.0","id":7,"error":\{.*"source":"hookwatch"/);
}

test.for([
  [
    "an API key of ours",
    "",
    "Authorization: Bearer hw_0123456789abcdef0123456789abcdef\r\n",
    400,
    "own_credential",
  ],
  [
    "an API key of ours in its other field",
    "",
    "X-API-Key: hw_0123456789abcdef0123456789abcdef\r\n",
    400,
    "own_credential",
  ],
  [
    "a configured key of any form",
    "",
    "Authorization: bearer my own and only key\r\n",
    400,
    "own_credential",
  ],
  [
    "an API key of ours in the query",
    "?api_key=hw_0123456789abcdef0123456789abcdef",
    "",
    400,
    "own_credential",
  ],
  ["a path that climbs", "/../x", "", 400, "ambiguous_path"],
  ["a path that climbs in code", "/%2e%2E/x", "", 400, "ambiguous_path"],
  ["a hidden separator", "/a%2fb", "", 400, "ambiguous_path"],
] as const)("%s never reaches the upstream", async ([, below, fields, status, reason]) => {
  await using upstream = await httpUpstream((_request, response) => response.end("{}"));
  await using plane = await dataPlane(upstream.url, {
    isOwnCredential: (text) => text === "my own and only key",
  });
  using client = new RawClient(plane.port, post(ping, fields, `/p/${slug}${below}`));
  await until("the answer", () => client.received.endsWith("}}}"));
  expect(client.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(client.received).toContain(`"reason":"${reason}"`);
  expect(client.received).toContain('"id":7,');
  expect(upstream.sockets).toHaveLength(0);
  expect(plane.sightings[0]?.end?.outcome).toBe("refused");
});

test("an exchange that must not begin is refused unseen, and the next one may", async () => {
  let room = false;
  await using upstream = await httpUpstream((_request, response) => response.end("{}"));
  await using plane = await dataPlane(upstream.url, { mayBegin: () => room });
  using refused = new RawClient(plane.port, post(ping));
  await until("the refusal", () => refused.received.endsWith("}}}"));
  expect(refused.received).toMatch(/^HTTP\/1.1 503 /);
  expect(refused.received).toContain('"reason":"not_recorded"');
  expect(upstream.sockets).toHaveLength(0);
  expect(plane.sightings).toHaveLength(0);
  expect(plane.forwarder.stats().failures).toMatchObject({ not_recorded: 1 });
  room = true;
  using passed = new RawClient(plane.port, post(ping));
  await until("the answer", () => passed.received.endsWith("{}"));
  expect(plane.sightings).toHaveLength(1);
});

test("a body over the limit is refused at once by its length, in chunks when they have come", async () => {
  let received = "";
  await using upstream = await rawUpstream((_socket, bytes) => {
    received = bytes;
  });
  await using plane = await dataPlane(upstream.url, { requestMaxBytes: 1_000 });
  using declared = new RawClient(
    plane.port,
    post("x").replace("Content-Length: 1", "Content-Length: 1001"),
  );
  await until("the first answer", () => declared.received.endsWith("}}}"));
  expect(upstream.sockets).toHaveLength(0);
  using chunked = new RawClient(
    plane.port,
    post("").replace("Content-Length: 0", "Transfer-Encoding: chunked"),
  );
  chunked.send(`1f4\r\n${"x".repeat(500)}\r\n`);
  await until("the first chunk", () => received.includes("x".repeat(500)));
  chunked.send(`1f5\r\n${"x".repeat(501)}\r\n`);
  await until("the second answer", () => chunked.received.endsWith("}}}"));
  for (const { received: answer } of [declared, chunked]) {
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('"id":null,');
    expect(answer).toContain('"reason":"body_too_large"');
  }
  await until("the upstream exchange is broken", () => upstream.sockets[0]?.destroyed === true);
  using exact = new RawClient(plane.port, post("x".repeat(1_000)));
  await until("a body of just the limit", () => received.endsWith("x".repeat(1_000)));
  expect(exact.received).toBe("");
});

test("a witness that throws is told of once, and the exchange goes on", async () => {
  await using upstream = await httpUpstream((request, response) => request.pipe(response));
  const faults: string[] = [];
  for (const at of ["watch", "request", "requestEnd", "upstream", "head", "response", "end"]) {
    const fail = (where: string) => {
      if (at === where) throw new Error(where);
    };
    let calls = 0;
    await using plane = await dataPlane(upstream.url, {
      log: { ...silentLog, error: ({ cause }) => faults.push(String(cause)) },
      watch: () => {
        fail("watch");
        const see = (where: string) => () => {
          calls += 1;
          fail(where);
        };
        return {
          request: see("request"),
          requestEnd: see("requestEnd"),
          upstream: see("upstream"),
          head: see("head"),
          response: see("response"),
          end: see("end"),
        };
      },
    });
    const answer = await fetch(plane.url, { method: "POST", body: ping });
    expect(await answer.text()).toBe(ping);
    await until("the end", () => plane.forwarder.stats().openExchanges === 0);
    expect(plane.forwarder.stats().witnessFaults).toBe(1);
    const order = ["watch", "request", "requestEnd", "upstream", "head", "response", "end"];
    expect(calls).toBe(order.indexOf(at));
  }
  expect(faults).toHaveLength(7);
});

test("a client that waits for 100 Continue gets it, and the upstream never sees the wish", async () => {
  let request = "";
  await using upstream = await rawUpstream((socket, received) => {
    request = received;
    if (received.endsWith(ping))
      socket.write(
        "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
      );
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(
    plane.port,
    post(ping, "Expect: 100-continue\r\n").slice(0, -ping.length),
  );
  await until("100 Continue", () => client.received === "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(ping);
  await until("the answer", () => client.received.endsWith("{}"));
  expect(client.received).not.toContain("103");
  expect(request).not.toMatch(/expect/i);
});

test("a client that sends several requests at once gets the answers in their order", async () => {
  await using upstream = await httpUpstream((request, response) => {
    const number = Number(request.headers["x-n"]);
    setTimeout(() => response.end(`<${number}>`), 40 - 10 * number);
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(
    plane.port,
    [1, 2, 3].map((number) => get(`X-N: ${number}\r\n`)).join(""),
  );
  await until("the last answer", () => client.received.includes("<3>"));
  expect(client.received.match(/<\d>/g)).toEqual(["<1>", "<2>", "<3>"]);
});

test("requests that wait for their turn on a connection reach no upstream before, and end with it", async () => {
  await using upstream = await httpUpstream(() => {});
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, get() + get() + get());
  await until("an exchange", () => upstream.sockets.length === 1);
  using other = new RawClient(plane.port, get());
  await until("another's", () => upstream.sockets.length === 2);
  expect(plane.forwarder.stats().openExchanges).toBe(2);
  client.socket.destroy();
  await until("one is left", () => plane.forwarder.stats().openExchanges === 1);
  await until("upstream, too", () => upstream.sockets.some((socket) => socket.destroyed));
  expect(upstream.sockets).toHaveLength(2);
  other.socket.destroy();
  await until("none is left", () => plane.forwarder.stats().openExchanges === 0);
});

test("hundreds of exchanges at once leave nothing behind", async () => {
  await using upstream = await httpUpstream((request, response) => request.pipe(response));
  await using plane = await dataPlane(upstream.url);
  const bodies = Array.from(
    { length: 100 },
    (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`,
  );
  const answers = await Promise.all(
    bodies.map(async (body) => (await fetch(plane.url, { method: "POST", body })).text()),
  );
  expect(answers).toEqual(bodies);
  await until("all are over", () => plane.forwarder.stats().openExchanges === 0);
  expect(plane.forwarder.stats().exchanges.complete).toBe(100);
});

test("a server that is this proxy itself is not called", async () => {
  const egress = egressRule({ mode: "local" });
  await using plane = await dataPlane("http://127.0.0.1:1/", { egress });
  egress.recognise({ address: "127.0.0.1", port: plane.port });
  plane.directory.put(server(plane.url));
  using client = new RawClient(plane.port, post(ping));
  await until("the answer", () => client.received.endsWith("}}}"));
  expect(client.received).toMatch(/^HTTP\/1.1 508 /);
  expect(client.received).toContain("error=proxy_loop_detected");
});
