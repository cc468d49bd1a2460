import fc from "fast-check";
import { expect, test } from "vitest";
import {
  dataPlane,
  get,
  httpUpstream,
  post,
  RawClient,
  slug,
  type Upstream,
  until,
} from "../../test/proxy/rig.ts";
import { EndpointFilter } from "./endpoint.ts";

/** What comes out of pieces, and what came before the last of them. */
function filtered(pieces: readonly (string | Buffer)[]) {
  const filter = new EndpointFilter((reference) =>
    reference.startsWith("evil") ? undefined : `<${reference}>`,
  );
  let text = "";
  let early = "";
  for (const piece of pieces) {
    early = text;
    text += filter.push(Buffer.from(piece)).toString("latin1");
    if (filter.refused) return { text, early, refused: true };
  }
  return { text: text + filter.end().toString("latin1"), early, refused: false };
}

const rewritten = [
  ["with LF", "event: endpoint\ndata: /m?s=1\n\n", "event: endpoint\ndata: </m?s=1>\n\n"],
  ["with CRLF", "event: endpoint\r\ndata: /m\r\n\r\n", "event: endpoint\r\ndata: </m>\r\n\r\n"],
  [
    "with CR",
    "event: endpoint\rdata: /m\r\rdata: x\r\r",
    "event: endpoint\rdata: </m>\r\rdata: x\r\r",
  ],
  ["without blanks", "event:endpoint\ndata:/m\n\n", "event:endpoint\ndata:</m>\n\n"],
  ["with two blanks", "event: endpoint\ndata:  /m\n\n", "event: endpoint\ndata: < /m>\n\n"],
  ["data first", "data: /m\nevent: endpoint\n\n", "data: </m>\nevent: endpoint\n\n"],
  [
    "after a mark",
    "\xef\xbb\xbfevent: endpoint\ndata: /m\n\n",
    "\xef\xbb\xbfevent: endpoint\ndata: </m>\n\n",
  ],
  [
    "after comments",
    ": hi\n\n: data: x\nevent: endpoint\ndata: /m\n\n",
    ": hi\n\n: data: x\nevent: endpoint\ndata: </m>\n\n",
  ],
  [
    "among other fields",
    "id: 1\nretry: 5\nevent: endpoint\nid: 2\ndata: /m\n: c\nid: 3\n\ndata: 2\n\n",
    "id: 1\nretry: 5\nevent: endpoint\nid: 2\ndata: </m>\n: c\nid: 3\n\ndata: 2\n\n",
  ],
  [
    "after an event that is none",
    "id: 1\n\nevent: endpoint\ndata: /m\n\n",
    "id: 1\n\nevent: endpoint\ndata: </m>\n\n",
  ],
  [
    "without data, then with it",
    "event: endpoint\n\ndata: /m\n\n",
    "event: endpoint\n\ndata: /m\n\n",
  ],
] as const;

const passed = [
  ["a message", "event: message\ndata: {}\n\n"],
  ["a message without a name", "data: {}\n\nevent: endpoint\ndata: /m\n\n"],
  ["an event to resume from", "id: 1\ndata:\n\nevent: endpoint\ndata: /m\n\n"],
  ["the second event", "data: x\n\nevent: endpoint\ndata: /m\n\n"],
  ["a longer name", "event: endpoints\ndata: /m\n\n"],
  ["a much longer name", `event: endpoint${" ".repeat(30)}\ndata: /m\n\n`],
  ["another field", "event: endpoint\ndatabase: /m\nda: x\n\n"],
  ["an event that is cut", "event: endpoint\ndata: /m\n"],
  ["a name that is taken back", "event: endpoint\ndata: /m\nevent: x\n\n"],
  ["nothing", ""],
] as const;

test.for(rewritten)("the endpoint's data is exchanged, nothing else: %s", ([, sent, expected]) => {
  expect(filtered([Buffer.from(sent, "latin1")]).text).toBe(expected);
});

test.for(passed)("what is no endpoint event passes as it is: %s", ([, sent]) => {
  expect(filtered([sent]).text).toBe(sent);
});

test("the pieces that a stream comes in make no difference", () => {
  const texts = fc.constantFrom(
    ...rewritten.map(([, sent]) => sent),
    ...passed.map(([, sent]) => sent),
  );
  const cuts = fc.array(fc.nat(80), { maxLength: 6 });
  const property = fc.property(texts, cuts, (text, at) => {
    const whole = Buffer.from(text, "latin1");
    const ends = [...at, whole.length].sort((a, b) => a - b);
    const pieces = ends.map((end, index) => whole.subarray(ends[index - 1] ?? 0, end));
    expect(filtered(pieces).text).toBe(filtered([whole]).text);
  });
  fc.assert(property, { numRuns: 500 });
  for (const [, sent, expected] of rewritten) {
    expect(filtered([...Buffer.from(sent, "latin1")].map((byte) => Buffer.from([byte]))).text).toBe(
      expected,
    );
  }
});

test.for([
  ["a comment", ": still here", ": still here"],
  ["the name of an event", "event: mess", "event: mess"],
  ["a message of an event without a name", 'data: {"jsonrpc', 'data: {"jsonrpc'],
  ["a batch", "data:[", "data:["],
  ["a field to resume from", "id: 7\nretry: 3", "id: 7\nretry: 3"],
  ["an event to resume from", "id: 7\ndata: \n", "id: 7\ndata: \n"],
  ["a comment between lines of an endpoint", "event: endpoint\n: x", "event: endpoint\n: x"],
  ["the data of an endpoint, which waits", "event: endpoint\ndata: /m\n", "event: endpoint\n"],
] as const)("nothing waits but a possible endpoint's data: %s", ([, sent, now]) => {
  expect(filtered([sent, ""]).early).toBe(now);
});

test("a first event beyond 16 KiB is none and passes, what was held included", () => {
  const long = `event: endpoint\ndata: /${"x".repeat(20_000)}`;
  for (const size of [1, 700, 16_384, 30_000]) {
    const pieces: string[] = [];
    for (let at = 0; at < long.length; at += size) pieces.push(long.slice(at, at + size));
    const { text, early } = filtered([...pieces, ""]);
    expect(text).toBe(long);
    expect(early).toBe(long);
  }
});

test.for([
  ["that is refused", "event: endpoint\ndata: evil\n\nrest"],
  ["in several lines", "event: endpoint\ndata: /m\ndata: /n\n\nrest"],
])("nothing of an endpoint %s is let through, nor what follows", ([, sent = ""]) => {
  for (const pieces of [[sent], [...sent]]) {
    expect(filtered(pieces)).toMatchObject({ text: "event: endpoint\n", refused: true });
  }
});

/** Sends a first event, and tells what was posted where. */
async function legacyServer(endpoint: (upstream: Upstream) => string) {
  const posts: (string | undefined)[] = [];
  const upstream = await httpUpstream((request, response) => {
    if (request.method === "POST") {
      posts.push(request.url);
      response.writeHead(202).end("Accepted");
      return;
    }
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(`event: endpoint\ndata: ${endpoint(upstream)}\n\n`);
  });
  return { upstream, posts };
}

const dataOf = ({ received }: RawClient) => /data: (.*)\r?\n/.exec(received)?.[1] ?? "";

test.for([
  ["from the root", () => "/messages/?session_id=a%2Fb+c", "/messages/?session_id=a%2Fb+c"],
  ["beside the stream", () => "messages?s=1", "/messages?s=1"],
  ["above the stream", () => "../up/x?s=1", "/up/x?s=1"],
  ["a query alone", () => "?s=1", "/mcp?s=1"],
  ["absolute", ({ port }: Upstream) => `http://127.0.0.1:${port}/m?s=1`, "/m?s=1"],
  ["without a scheme", ({ port }: Upstream) => `//127.0.0.1:${port}/m?s=1`, "/m?s=1"],
  ["without a query", () => "/sessions/42", "/sessions/42"],
  ["with a fragment", () => "/m?s=1#x", "/m?s=1"],
  ["with letters beyond ASCII", () => "/é?s=1", "/%C3%A9?s=1"],
] as const)(
  "what is posted to an endpoint arrives where the server meant it: %s",
  async ([how, endpoint, arrives]) => {
    const { upstream, posts } = await legacyServer(endpoint);
    await using _ = upstream;
    // The target's own query is the stream's, not the endpoint's.
    await using plane = await dataPlane(`${upstream.url}?key=1`);
    using client = new RawClient(plane.port, get("", `/p/${slug}?mine=1`));
    await until("the event", () => /data: .*\n\n/.test(client.received));
    const told = dataOf(client);
    // The form is kept: absolute as the client addressed us, or from the root.
    expect(told.startsWith("http://localhost/p/")).toBe(how === "absolute");
    const path = told.replace("http://localhost", "");
    expect(path).toMatch(new RegExp(`^/p/${slug}/~endpoint\\.[\\w-]+\\.[\\w-]{22}(\\?|$)`));
    expect(path.split("?")[1]).toBe(arrives.split("?")[1]);
    using poster = new RawClient(plane.port, post("{}", "", path));
    await until("the answer", () => poster.received.includes("Accepted"));
    expect(posts).toEqual([arrives]);
    // The log shows what the server said and was asked.
    expect(plane.sightings[0]?.response).toContain(
      `data: ${Buffer.from(endpoint(upstream)).toString("latin1")}`,
    );
    expect(plane.sightings[1]?.opening.path).toBe(arrives);
  },
);

test("any host with the same key serves an endpoint, for that server only", async () => {
  const { upstream, posts } = await legacyServer(() => "/messages?s=1");
  await using _ = upstream;
  const endpointKey = Buffer.alloc(32, 7);
  await using first = await dataPlane(upstream.url, { endpointKey });
  await using second = await dataPlane(upstream.url, { endpointKey });
  await using stranger = await dataPlane(upstream.url);
  using client = new RawClient(first.port, get());
  await until("the event", () => /data: .*\n\n/.test(client.received));
  const path = dataOf(client);
  const forged = path.replace("~endpoint.", "~endpoint.L");
  for (const [plane, target] of [
    [second, path],
    [stranger, path],
    [second, forged],
  ] as const) {
    using poster = new RawClient(plane.port, post("{}", "", target));
    await until("the answer", () => poster.received.includes("Accepted"));
  }
  // What no host has made is an ordinary path, below the server's own.
  expect(posts).toEqual([
    "/messages?s=1",
    `/mcp${path.slice(`/p/${slug}`.length)}`,
    `/mcp${forged.slice(`/p/${slug}`.length)}`,
  ]);
});

test.for([
  ["of another host", () => "http://evil.example/m"],
  ["of another port", () => "http://127.0.0.1:1/m"],
  ["of another scheme", ({ port }: Upstream) => `https://127.0.0.1:${port}/m`],
  ["without a scheme, of another host", () => "//evil.example/m"],
  ["with backslashes", () => "\\\\evil.example\\m"],
  ["with a user name", ({ port }: Upstream) => `http://user@127.0.0.1:${port}/m`],
  ["that is no URL", () => "http://[/"],
  ["that is no web address", () => "javascript:alert(1)"],
] as const)("an endpoint %s breaks the stream off and is never told", async ([, endpoint]) => {
  const { upstream } = await legacyServer(endpoint);
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, get());
  await until("the connection's end", () => client.ending !== undefined);
  expect(client.received).not.toContain("data:");
  expect(client.received).not.toMatch(/\r\n0\r\n\r\n$/);
  await until("the upstream is left", () => upstream.sockets[0]?.destroyed === true);
  expect(plane.sightings[0]).toMatchObject({ end: { outcome: "upstream_failed" } });
  expect(plane.sightings[0]?.response).toContain("event: endpoint");
  expect(plane.forwarder.stats().failures).toMatchObject({ foreign_endpoint: 1 });
});

test.for([
  ["a stream of a POST", "POST", "text/event-stream", {}],
  ["what is no stream of events", "GET", "text/plain", {}],
  ["a compressed stream", "GET", "text/event-stream", { "Content-Encoding": "x" }],
  ["a document with a length", "GET", "text/event-stream", { "Content-Length": "45" }],
] as const)("%s is no legacy stream and passes as it is", async ([, method, type, fields]) => {
  const text = "event: endpoint\ndata: http://evil.example/m\n\n";
  await using upstream = await httpUpstream((_request, response) => {
    response.writeHead(200, { "Content-Type": type, ...fields }).end(text);
  });
  await using plane = await dataPlane(upstream.url);
  const answer = await fetch(plane.url, { method });
  expect(await answer.text()).toBe(text);
});
