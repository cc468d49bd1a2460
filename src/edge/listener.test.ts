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

test("connections beyond the limit are not taken, and counted", async () => {
  const limits = { ...edgeLimits, connectionsMax: 2 };
  await using listener = await listen({ ...local, handle: hello, limits });
  using first = new RawClient(listener.port);
  using second = new RawClient(listener.port);
  await until("two connections", () => listener.stats().openConnections === 2);
  using third = new RawClient(listener.port);
  await until("the third is refused", () => third.ending !== undefined);
  expect(listener.stats()).toEqual({ openConnections: 2, refusedConnections: 1 });
  expect([first.ending, second.ending]).toEqual([undefined, undefined]);
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
