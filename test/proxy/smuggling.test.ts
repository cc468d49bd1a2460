/**
 * Requests that two readers could take differently. What is refused never reaches the server, and its connection ends; of
 * what passes the server sees as many requests as we did, each with the body that we saw.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  dataPlane,
  httpUpstream,
  type Plane,
  RawClient,
  slug,
  type Upstream,
  until,
} from "./rig.ts";

const inner = `GET /p/${slug}/smuggled HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n`;
const head = (fields: string, line = `POST /p/${slug} HTTP/1.1`) =>
  `${line}\r\nHost: localhost:PORT\r\n${fields}\r\n`;
const chunked = (fields: string) => head(`Transfer-Encoding: chunked\r\n${fields}`);
const sized = (length: string) => head(`Content-Length: ${length}\r\n`);

/** A status, or the bodies of the requests that the server is to see. */
type Expected = number | readonly string[];

const corpus: readonly (readonly [string, string, Expected])[] = [
  [
    "a length and chunks",
    `${head("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n${inner}`,
    400,
  ],
  [
    "chunks and a length",
    `${head("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n")}0\r\n\r\n${inner}`,
    400,
  ],
  [
    "a coding that is not quite chunked",
    `${head("Transfer-Encoding: xchunked\r\n")}0\r\n\r\n${inner}`,
    501,
  ],
  ["a coding in quotes", `${head('Transfer-Encoding: "chunked"\r\n')}0\r\n\r\n${inner}`, 501],
  ["chunked and more", `${head("Transfer-Encoding: chunked, identity\r\n")}0\r\n\r\n${inner}`, 400],
  ["identity", `${head("Transfer-Encoding: identity\r\n")}0\r\n\r\n${inner}`, 501],
  ["chunked twice", `${head("Transfer-Encoding: chunked, chunked\r\n")}0\r\n\r\n${inner}`, 400],
  ["chunked in two fields", `${chunked("Transfer-Encoding: chunked\r\n")}0\r\n\r\n${inner}`, 400],
  [
    "chunked and another in two fields",
    `${chunked("Transfer-Encoding: x\r\n")}0\r\n\r\n${inner}`,
    400,
  ],
  [
    "a coding after a vertical tab",
    `${head("Transfer-Encoding: \vchunked\r\n")}0\r\n\r\n${inner}`,
    400,
  ],
  ["a blank before the colon", `${head("Transfer-Encoding : chunked\r\n")}0\r\n\r\n${inner}`, 400],
  [
    "a line feed before the colon",
    `${head("Transfer-Encoding\n: chunked\r\n")}0\r\n\r\n${inner}`,
    400,
  ],
  [
    "a coding after a bare line feed",
    `${head("X: y\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n${inner}`,
    400,
  ],
  [
    "a coding after a bare return",
    `${head("X: y\rTransfer-Encoding: chunked\r\n")}0\r\n\r\n${inner}`,
    400,
  ],
  [
    "a coding on a folded line",
    `${head("X: y\r\n Transfer-Encoding: chunked\r\n")}0\r\n\r\n${inner}`,
    400,
  ],
  ["no coding at all", `${head("Transfer-Encoding:\r\n")}${inner}`, 400],
  [
    "a coding under another name",
    `${head("Transfer_Encoding: chunked\r\nContent-Length: 2\r\n")}{}`,
    ["{}"],
  ],
  ["chunks in capitals", `${head("TRANSFER-ENCODING: CHUNKED\r\n")}2\r\n{}\r\n0\r\n\r\n`, ["{}"]],
  ["two lengths in one field", `${sized("2, 2")}{}${inner}`, 400],
  ["two lengths", `${head("Content-Length: 2\r\nContent-Length: 2\r\n")}{}${inner}`, 400],
  ["two different lengths", `${head("Content-Length: 2\r\nContent-Length: 0\r\n")}{}${inner}`, 400],
  ["a length with a sign", `${sized("+2")}{}${inner}`, 400],
  ["a negative length", `${sized("-2")}{}${inner}`, 400],
  ["a length in hexadecimal", `${sized("0x2")}{}${inner}`, 400],
  ["a length as a power", `${sized("2e0")}{}${inner}`, 400],
  ["a length with a unit", `${sized("2 bytes")}{}${inner}`, 400],
  ["a length of words", `${sized("two")}{}${inner}`, 400],
  ["no length at all", `${sized("")}${inner}`, 400],
  ["a length that is folded", `${sized("2\r\n 0")}{}${inner}`, 400],
  ["a length beyond all numbers", `${sized("99999999999999999999999999")}{}${inner}`, 400],
  ["a length of 2 ** 64 + 2", `${sized("18446744073709551618")}{}${inner}`, 400],
  ["a length with zeros before it", `${sized("0002")}{}`, ["{}"]],
  ["a length amid blanks", `${sized("  2  ")}{}`, ["{}"]],
  ["a chunk of 0x2", `${chunked("")}0x2\r\n{}\r\n0\r\n\r\n${inner}`, 400],
  ["a chunk with a sign", `${chunked("")}+2\r\n{}\r\n0\r\n\r\n${inner}`, 400],
  ["a chunk of no size", `${chunked("")}\r\n{}\r\n0\r\n\r\n${inner}`, 400],
  [
    "a chunk beyond all numbers",
    `${chunked("")}fffffffffffffffff2\r\n{}\r\n0\r\n\r\n${inner}`,
    400,
  ],
  ["a chunk that is longer than it says", `${chunked("")}2\r\n{}x\r\n0\r\n\r\n${inner}`, 400],
  ["a chunk that ends in a line feed", `${chunked("")}2\r\n{}\n0\r\n\r\n${inner}`, 400],
  ["a size that ends in a line feed", `${chunked("")}2\n{}\r\n0\r\n\r\n${inner}`, 400],
  ["a size that ends in a return", `${chunked("")}2\r{}\r\n0\r\n\r\n${inner}`, 400],
  ["a line feed in an extension", `${chunked("")}2;a\n{}\r\n0\r\n\r\n${inner}`, 400],
  ["extensions of 20 KB", `${chunked("")}2;${"a".repeat(20_000)}\r\n{}\r\n0\r\n\r\n${inner}`, 413],
  ["an end of chunks by line feeds", `${chunked("")}2\r\n{}\r\n0\n\n${inner}`, 400],
  ["an extension", `${chunked("")}2;a=b\r\n{}\r\n0\r\n\r\n`, ["{}"]],
  [
    "trailers that say what only fields may",
    `${chunked("")}2\r\n{}\r\n0\r\nContent-Length: 9\r\nHost: x\r\n\r\n`,
    400,
  ],
  ["a second request behind the first", `${sized("2")}{}${sized("2")}[]`, ["{}", "[]"]],
  [
    "a second request behind chunks",
    `${chunked("")}2\r\n{}\r\n0\r\n\r\n${sized("2")}[]`,
    ["{}", "[]"],
  ],
  ["two hosts", head("Host: localhost:PORT\r\n"), 400],
  ["a name with a blank", head("X Y: z\r\n"), 400],
  ["a field without a name", head(": z\r\n"), 400],
  ["a line without a colon", head("X\r\n"), 400],
  ["a NUL in a value", head("X: a\0b\r\n"), 400],
  ["a NUL in a name", head("X\0: a\r\n"), 400],
  ["a control character in a value", head("X: a\u0001b\r\n"), 400],
  ["a bare return in a value", head("X: a\rb\r\n"), 400],
  [
    "a blank before the first field",
    `POST /p/${slug} HTTP/1.1\r\n Host: localhost:PORT\r\n\r\n`,
    400,
  ],
  ["two blanks in the line", head("", `POST  /p/${slug} HTTP/1.1`), [""]],
  ["a tab in the line", head("", `POST\t/p/${slug}\tHTTP/1.1`), 400],
  ["two versions", head("", `POST /p/${slug} HTTP/1.1 HTTP/1.1`), 400],
  ["a version in small letters", head("", `POST /p/${slug} http/1.1`), 400],
  ["a version of two digits", head("", `POST /p/${slug} HTTP/1.10`), 400],
  ["a method in small letters", head("", `post /p/${slug} HTTP/1.1`), 400],
  ["a method that nobody knows", head("", `FROB /p/${slug} HTTP/1.1`), 400],
  ["a NUL in the target", head("", `POST /p/${slug}\0 HTTP/1.1`), 400],
  ["bytes beyond ASCII in the target", head("", `POST /p/${slug}/\xe9 HTTP/1.1`), 400],
  [
    "an upgrade with a body behind it",
    `${head("Connection: Upgrade\r\nUpgrade: websocket\r\n")}${inner}`,
    501,
  ],
];

let upstream: Upstream;
let plane: Plane;
const seen: { readonly url: string | undefined; readonly body: string }[] = [];

beforeAll(async () => {
  upstream = await httpUpstream(async (request, response) => {
    const chunks = await Array.fromAsync(request).catch(() => undefined);
    // What breaks off is no request.
    if (chunks === undefined) return;
    seen.push({ url: request.url, body: Buffer.concat(chunks).toString() });
    response.end(`<${seen.length}>`);
  });
  plane = await dataPlane(upstream.url, { guard: true });
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

test.for(corpus)("the server sees what we saw, or nothing: %s", async ([, text, expected]) => {
  seen.length = 0;
  using client = new RawClient(plane.port, text.replaceAll("PORT", String(plane.port)));
  if (typeof expected === "number") {
    await until("the connection's end", () => client.ending !== undefined);
    expect(client.received).toMatch(new RegExp(`^HTTP/1\\.1 ${expected} `));
    expect(client.received.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(seen).toEqual([]);
  } else {
    await until("all answers", () => client.received.endsWith(`<${expected.length}>`));
    expect(seen).toEqual(expected.map((body) => ({ url: "/mcp", body })));
  }
  await until("nothing is left", () => plane.forwarder.stats().openExchanges === 0);
});
