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

const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';

test("a request and its answer pass byte for byte, fields in order, case and number", async () => {
  let request = "";
  await using upstream = await rawUpstream((socket, received) => {
    request = received;
    if (!received.endsWith(ping)) return;
    socket.write(
      "HTTP/1.1 299 Quite \xc3\xa9ll\r\nX-One: a\r\nx-two: \xe9\r\nX-One: b\r\nContent-Type: application/json\r\n" +
        "Content-Length: 2\r\nServer: them\r\nLink: <x>\r\nAccess-Control-Allow-Origin: *\r\n\r\n{}",
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
    "Link: <x>",
    "Access-Control-Allow-Origin: *",
    "",
    "{}",
  ]);
  await until("the end", () => plane.sightings[0]?.end !== undefined);
  expect(plane.sightings[0]).toMatchObject({
    request: ping,
    response: "{}",
    statusCode: 299,
    order: ["request", "requestEnd", "head", "response", "end"],
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
