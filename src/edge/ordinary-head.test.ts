/** Node's own reader of HTTP is the judge: what is taken here it takes too, and reads the same. */
import { createServer, type IncomingMessage } from "node:http";
import { duplexPair } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { changed } from "../../test/proxy/changed.ts";
import { readOrdinaryHead } from "./ordinary-head.ts";

interface Read {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, unknown>>;
  readonly keepsAlive: boolean;
  readonly body: string;
}

/** The requests that Node finds in the bytes, and whether it refuses what is left. */
async function readByNode(bytes: Buffer): Promise<{ requests: Read[]; refused: boolean }> {
  const requests: Read[] = [];
  let refused = false;
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      requests.push(toRead(request, response.shouldKeepAlive, Buffer.concat(pieces)));
      response.end();
    });
  });
  server.on("clientError", (_error, socket) => {
    refused = true;
    socket.destroy();
  });
  const [near, far] = duplexPair();
  near.on("error", () => {});
  near.resume();
  server.emit("connection", far);
  const closed = new Promise((resolve) => far.once("close", resolve));
  near.end(bytes);
  await closed;
  return { requests, refused };
}

function toRead(request: IncomingMessage, keepsAlive: boolean, body: Buffer): Read {
  const { method, url, rawHeaders } = request;
  const headers = known((name) => request.headers[name]);
  return { method, url, rawHeaders, headers, keepsAlive, body: body.toString("latin1") };
}

const knownNames = [
  "host",
  "origin",
  "upgrade",
  "user-agent",
  "content-length",
  "transfer-encoding",
  "sec-fetch-dest",
  "mcp-protocol-version",
] as const;

function known(toValue: (name: (typeof knownNames)[number]) => unknown): Record<string, unknown> {
  return Object.fromEntries(knownNames.map((name) => [name, toValue(name)]));
}

const plain = [
  "POST /p/aa HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
  "GET /p/aa/sse?x=%20y HTTP/1.1\r\nhost:localhost:80\r\nAccept:  text/event-stream \r\nLast-Event-ID:\r\n\r\n",
  "DELETE /p/aa HTTP/1.1\r\nHost: h\r\nConnection: close\r\nMcp-Session-Id: 1\r\nOrigin: http://h\r\n\r\n",
  "POST /p/aa HTTP/1.1\r\nConnection: Keep-Alive\r\nHost: h\r\nUser-Agent: x\r\nMCP-Protocol-Version: 2\r\nSec-Fetch-Dest: empty\r\nContent-Length: 11\r\n\r\nhello world",
];

test.for(plain)("an ordinary request is taken: %j", (text) => {
  expect(readOrdinaryHead(Buffer.from(text))).toMatchObject({
    isOurs: true,
    headers: { host: /./ },
  });
});

test.for(["PUT /p/a", "HEAD /p/a", "GET /v1/a", "POST /p", "GET /", "OPTIONS /p/a"])(
  "where it ends is certain of another plain request, which Node answers: %s",
  (start) => {
    const head = `${start} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n`;
    expect(readOrdinaryHead(Buffer.from(head))).toMatchObject({
      ...{ isOurs: false, bodyBytes: 3, headBytes: head.length },
    });
  },
);

test.for([
  ["a method that nobody knows", "FETCH /p/a HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["a method in lower case", "post /p/a HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["no path", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["a whole URL", "GET http://h/p/a HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["a fragment", "GET /p/a#b HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["another version", "GET /p/a HTTP/1.0\r\nHost: h\r\n\r\n"],
  ["two blanks", "GET  /p/a HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["no host", "GET /p/a HTTP/1.1\r\nAccept: h\r\n\r\n"],
  ["no fields", "GET /p/a HTTP/1.1\r\n\r\n"],
  ["two hosts", "GET /p/a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"],
  ["a folded line", "GET /p/a HTTP/1.1\r\nHost: h\r\n x\r\n\r\n"],
  ["a bare line feed", "GET /p/a HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"],
  ["a blank before the colon", "GET /p/a HTTP/1.1\r\nHost : h\r\n\r\n"],
  ["chunks", "POST /p/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["two lengths", "POST /p/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n"],
  ["a signed length", "POST /p/a HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n"],
  [
    "a length without end",
    "POST /p/a HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
  ],
  ["an upgrade", "GET /p/a HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"],
  ["an expectation", "POST /p/a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"],
  [
    "another option of the connection",
    "GET /p/a HTTP/1.1\r\nHost: h\r\nConnection: close, x\r\n\r\n",
  ],
  ["a proxy's connection", "GET /p/a HTTP/1.1\r\nHost: h\r\nProxy-Connection: close\r\n\r\n"],
  ["an empty line ahead", "\r\nGET /p/a HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["a large head", `GET /p/a HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(17_000)}\r\n\r\n`],
  ["a large beginning", `GET /p/a HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(17_000)}`],
  ["what is no HTTP", "\x16\x03\x01\x02\x00"],
] as const)("%s is left to Node", ([, text]) => {
  expect(readOrdinaryHead(Buffer.from(text, "latin1"))).toBe("other");
});

test.for(plain)("every beginning of a head waits for the rest: %j", (text) => {
  const end = text.indexOf("\r\n\r\n") + 3;
  for (let length = 1; length <= end; length += 1) {
    expect(readOrdinaryHead(Buffer.from(text.slice(0, length)))).toBe("incomplete");
  }
});

const plainElsewhere = [
  "PUT /v1/aa?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
  "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
  "OPTIONS /p/aa HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\n\r\n",
];

/** What has been taken for something else somewhere. */
const hostile = [
  ...'\0\t\n\r\v\f !"#%(),/0:;<=>?@[\\]{|}~\x7f\x80\xa0\xff',
  "\r\n",
  "\r\n\r\n",
  "\r\n ",
  "\n\n",
  "1",
  "close",
  "Host: h\r\n",
  "Content-Length: 1\r\n",
  "content-length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive, x\r\n",
  "Upgrade: h2c\r\n",
  "Expect: 100-continue\r\n",
  "HTTP/1.1",
];

test("whatever is taken Node takes as well, and reads the same", async () => {
  let taken = 0;
  const property = fc.asyncProperty(
    changed([...plain, ...plainElsewhere], hostile, 3),
    async (text) => {
      const bytes = Buffer.from(text, "latin1");
      const head = readOrdinaryHead(bytes);
      if (typeof head === "string") return;
      const { method, url, rawHeaders, bodyBytes, headBytes, keepsAlive } = head;
      const whole = bytes.subarray(0, headBytes + bodyBytes);
      if (whole.length < headBytes + bodyBytes) return;
      taken += 1;
      const body = whole.toString("latin1", headBytes);
      const headers = known((name) => head.headers[name]);
      const read = { method, url, rawHeaders, headers, keepsAlive, body };
      expect(await readByNode(whole)).toEqual({ requests: [read], refused: false });
    },
  );
  await fc.assert(property, { numRuns: 5_000 });
  expect(taken).toBeGreaterThan(500);
});
