/** Ends that wait until a call is durable, and nothing else that does. */
import { expect, test } from "vitest";
import {
  dataPlane,
  get,
  httpUpstream,
  post,
  RawClient,
  rawUpstream,
  slug,
  until,
} from "../../test/proxy/rig.ts";

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** A log that says when a call is durable. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  const durable = () => {
    asked += 1;
    return promise;
  };
  return { durable, open: resolve, asked: () => asked };
}

const ask = (method: string) =>
  method === "POST" ? post(ping) : `${method} /p/${slug} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

test.for([
  ["with a length", "POST", '200 OK\r\nContent-Length: 12\r\n\r\n{"result":1}', '{"result":1'],
  ["of one byte", "POST", "200 OK\r\nContent-Length: 1\r\n\r\n7", "\r\n\r\n"],
  [
    "in chunks",
    "POST",
    "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "{}\r\n",
  ],
  [
    "of chunks, and none",
    "POST",
    "202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "\r\n\r\n",
  ],
  [
    "of events",
    "POST",
    "200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\na\r\ndata: {}\n\n\r\n0\r\n\r\n",
    "data: {}\n\n\r\n",
  ],
  ["without a body", "POST", "202 Accepted\r\nContent-Length: 0\r\n\r\n", ""],
  ["that has none", "POST", "204 No Content\r\n\r\n", ""],
  ["to HEAD", "HEAD", "200 OK\r\nContent-Length: 12\r\n\r\n", ""],
  ["that failed upstream", "POST", "500 Oh\r\nContent-Length: 2\r\n\r\nno", "n"],
] as const)(
  "the end of an answer %s waits, byte for byte, and nothing before it",
  async ([, method, answer, early]) => {
    await using upstream = await rawUpstream((socket, received) => {
      if (received.endsWith(method === "POST" ? ping : "\r\n\r\n"))
        socket.write(`HTTP/1.1 ${answer}`);
    });
    await using plain = await dataPlane(upstream.url);
    using model = new RawClient(plain.port, ask(method));
    await until("the whole answer", () => plain.sightings[0]?.end !== undefined);
    await until("its bytes", () => model.received !== "");

    const log = gate();
    await using plane = await dataPlane(upstream.url, { durable: log.durable });
    using client = new RawClient(plane.port, ask(method));
    await until("the wait", () => log.asked() === 1);
    await until("what comes before the end", () => client.received.endsWith(early));
    expect(client.received.length).toBeLessThan(model.received.length);
    if (early === "") expect(client.received).toBe("");
    expect(plane.sightings[0]?.end).toEqual({ outcome: "complete", reason: "" });
    log.open();
    await until("the end", () => client.received.length >= model.received.length);
    expect(client.received).toBe(model.received);
    await until("the count", () => plane.forwarder.stats().exchanges.complete === 1);
    expect(plane.sightings[0]?.order.filter((what) => what === "end")).toHaveLength(1);
  },
);

test("the end of an answer of our own to what may have reached the upstream waits, a refusal does not", async () => {
  await using upstream = await rawUpstream((socket) => socket.resetAndDestroy());
  const log = gate();
  await using plane = await dataPlane(upstream.url, { durable: log.durable });
  using refused = new RawClient(plane.port, post(ping, "", "/p/unknown"));
  await until("the refusal", () => refused.received.endsWith("}}}"));
  expect(log.asked()).toBe(0);
  using client = new RawClient(plane.port, post(ping));
  await until("the wait", () => log.asked() === 1);
  expect(plane.sightings[0]?.end).toMatchObject({ outcome: "upstream_failed" });
  log.open();
  await until("the answer", () => client.received.endsWith("}}}"));
  expect(client.received).toMatch(/^HTTP\/1.1 502 /);
});

test("a client that leaves while an end waits is counted as one that left", async () => {
  await using upstream = await httpUpstream((_, response) => response.end("{}"));
  const log = gate();
  await using plane = await dataPlane(upstream.url, { durable: log.durable });
  using client = new RawClient(plane.port, post(ping));
  await until("the wait", () => log.asked() === 1);
  client.socket.destroy();
  await until("the leaving", () => plane.forwarder.stats().exchanges.client_left === 1);
  log.open();
  await until("nothing is open", () => plane.forwarder.stats().openExchanges === 0);
  expect(plane.forwarder.stats()).toMatchObject({ witnessFaults: 0, exchanges: { complete: 0 } });
});

test("a host that stops lets waiting ends go, and cuts no answer for them", async () => {
  await using upstream = await httpUpstream((_, response) => response.end("{}"));
  const log = gate();
  await using plane = await dataPlane(upstream.url, { durable: log.durable });
  using client = new RawClient(plane.port, post(ping));
  await until("the wait", () => log.asked() === 1);
  await plane.forwarder.drain(0);
  await until("the end", () => client.received.endsWith("{}"));
  expect(plane.forwarder.stats().exchanges).toMatchObject({ complete: 1, refused: 0 });
});

test("the next request of a connection waits for nobody's log but its own", async () => {
  await using upstream = await httpUpstream((_, response) => response.end("{}"));
  const waits: (() => void)[] = [];
  const durable = () => new Promise<void>((resolve) => waits.push(resolve));
  await using plane = await dataPlane(upstream.url, { durable });
  using client = new RawClient(plane.port, get());
  await until("the wait", () => waits.length === 1);
  waits[0]?.();
  await until("the first end", () => client.received.endsWith("{}"));
  client.send(get());
  await until("the second wait", () => waits.length === 2);
  waits[1]?.();
  await until("the second end", () => client.received.split("{}").length === 3);
});
