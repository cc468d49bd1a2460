/** Node's own reader of HTTP is the judge: what is taken here it takes too, and reads the same. */
import { request } from "node:http";
import { duplexPair } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HeadBytes } from "./head-bytes.ts";
import { MessageBody } from "./message-body.ts";
import { readResponseHead, responseBeginning } from "./response-head.ts";

interface Read {
  readonly statusCode: number;
  readonly reason: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** How many of the bytes it took. */
  readonly bytes: number;
}

type Outcome = Read | "malformed" | "unfinished";

const headMaxBytes = 8_192;

/** Ours, from pieces of these lengths; the rest in one. */
function read(text: string, lengths: readonly number[] = []): Outcome {
  const bytes = Buffer.from(text, "latin1");
  const head = new HeadBytes(headMaxBytes, responseBeginning);
  const body = new MessageBody();
  let found: Omit<Read, "body" | "bytes"> | undefined;
  const pieces: Buffer[] = [];
  const sink = { onBody: (piece: Buffer) => pieces.push(Buffer.from(piece)) };
  let from = 0;
  for (const length of [...lengths, bytes.length]) {
    const chunk = bytes.subarray(from, from + length);
    let at = 0;
    if (!found) {
      const state = head.take(chunk, 0);
      if (state === "malformed" || state === "too_large") return "malformed";
      const parsed = state === "whole" ? readResponseHead(head.text) : undefined;
      if (state === "whole" && !parsed) return "malformed";
      if (parsed) {
        const { statusCode, reason, rawHeaders, framing } = parsed;
        found = { statusCode, reason, rawHeaders };
        if (statusCode < 200 || statusCode === 204 || statusCode === 304) body.beginEmpty();
        else body.begin(framing, Number.POSITIVE_INFINITY);
        at = head.next;
      }
    }
    if (found) {
      at = body.read(chunk, at, sink);
      if (body.state === "malformed") return "malformed";
      if (body.state === "whole") {
        return { ...found, body: Buffer.concat(pieces).toString("latin1"), bytes: from + at };
      }
    }
    from += chunk.length;
  }
  if (!found || !body.endsWithConnection) return "unfinished";
  return { ...found, body: Buffer.concat(pieces).toString("latin1"), bytes: from };
}

/** Node's, as a client with its strict parser; undefined when it refuses. */
function readByNode(text: string): Promise<Omit<Read, "bytes"> | undefined> {
  const { promise, resolve } = Promise.withResolvers<Omit<Read, "bytes"> | undefined>();
  const [near, far] = duplexPair();
  const asked = request({ createConnection: () => near, insecureHTTPParser: false });
  asked.once("error", () => resolve(undefined));
  asked.once("response", (response) => {
    let body = "";
    response.setEncoding("latin1");
    response.on("data", (piece: string) => {
      body += piece;
    });
    response.once("error", () => resolve(undefined));
    response.once("close", () => {
      const { statusCode = 0, statusMessage: reason = "", rawHeaders } = response;
      resolve(response.complete ? { statusCode, reason, rawHeaders, body } : undefined);
    });
  });
  asked.end();
  far.resume();
  far.end(Buffer.from(text, "latin1"));
  return promise;
}

const token = fc.constantFrom("X", "content-type", "Set-Cookie", "x_y", "a.b!#$%&'*+^`|~", "9");
const value = fc.oneof(
  fc.constantFrom("", "a", "application/json", "a, b", '"q\\"', "\x80\xff", "tab\there", " x "),
  fc.stringMatching(/^[\x20-\x7e\t]{0,20}$/),
);
const field = fc.tuple(token, fc.constantFrom(":", ": ", ":\t "), value).map((of) => of.join(""));
const chunk = fc.record({
  data: fc.stringMatching(/^[a-z\r\n]{1,40}$/),
  extension: fc.constantFrom("", "", ";a", ";a=b", ';a="b c";d', ";"),
  capital: fc.boolean(),
});
const chunks = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), fc.constantFrom("", "A: b\r\n", "A:\r\nB: c\r\n"))
  .map(([all, trailers]) => {
    const texts = all.map(({ data, extension, capital }) => {
      const size = data.length.toString(16);
      return `${capital ? `0${size.toUpperCase()}` : size}${extension}\r\n${data}\r\n`;
    });
    return `${texts.join("")}0\r\n${trailers}\r\n`;
  });
const framed = fc.oneof(
  fc
    .stringMatching(/^[a-z]{0,30}$/)
    .map((text) => [`Content-Length: ${text.length}`, text] as const),
  chunks.map((text) => ["transfer-encoding: Chunked", text] as const),
  fc.stringMatching(/^[a-z]{0,30}$/).map((text) => ["Connection: close", text] as const),
);
const statusLine = fc.constantFrom(
  "HTTP/1.1 200 OK",
  "HTTP/1.1 200",
  "HTTP/1.1 200 ",
  "HTTP/1.0 404 Not Found",
  "HTTP/1.1 204 No Content",
  "HTTP/1.1 304 Not Modified",
  "HTTP/1.1 205 Reset Content",
  "HTTP/1.1 999 Sch\xf6n \x80",
);
const answer = fc
  .tuple(statusLine, fc.array(field, { maxLength: 6 }), framed, fc.nat(6))
  .map(([line, fields, [framing, body], place]) => {
    const all = [...fields.slice(0, place), framing, ...fields.slice(place)];
    return `${line}\r\n${all.join("\r\n")}\r\n\r\n${body}`;
  });
const splinter = fc.constantFrom(
  ...'\r\n|\n|\r|\0| |\t|:|;|=|"|-1|+|0x|,|\x7f|\xff|HTTP/1.1 200 OK\r\n\r\n|\r\n X: folded|\r\n\r\n'.split(
    "|",
  ),
  "Transfer-Encoding: chunked\r\n",
  "transfer-encoding: gzip, chunked\r\n",
  "Content-Length: 3\r\n",
  "Content-Length: 3, 3\r\n",
  "Content-Length : 3\r\n",
  "ffffffffffffffff",
  "99999999999999999999",
  "2.0",
);
const edit = fc.record({
  at: fc.nat(300),
  drop: fc.nat(4),
  put: fc.oneof(fc.constant(""), splinter),
});
const garbled = fc.tuple(answer, fc.array(edit, { maxLength: 3 })).map(([text, edits]) =>
  edits.reduce((now, { at, drop, put }) => {
    const place = at % (now.length + 1);
    return now.slice(0, place) + put + now.slice(place + drop);
  }, text),
);

test("what is taken for an answer Node takes for the same answer", async () => {
  let taken = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(garbled, async (text) => {
      const ours = read(text);
      if (ours === "malformed" || ours === "unfinished" || ours.statusCode < 200) {
        refused += 1;
        return;
      }
      taken += 1;
      const { bytes, ...parts } = ours;
      expect(await readByNode(text.slice(0, bytes))).toEqual(parts);
    }),
    { numRuns: 3_000 },
  );
  // Or else the property says nothing.
  expect(taken).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(500);
}, 60_000);

test("every answer that is well formed is taken", () => {
  fc.assert(
    fc.property(answer, (text) => {
      const isWellFormed = !/;\r|^HTTP\/1\.0.*transfer-encoding/s.test(text);
      if (isWellFormed) expect(read(text)).not.toBe("malformed");
    }),
    { numRuns: 1_000 },
  );
});

test("the pieces in which an answer comes make no difference", () => {
  fc.assert(
    fc.property(
      garbled,
      fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }),
      (text, lengths) => {
        const whole = read(text);
        // Refused early or late, or waited for in vain: what cannot become an answer has no other end.
        if (typeof whole === "string") expect(typeof read(text, lengths)).toBe("string");
        else expect(read(text, lengths)).toEqual(whole);
      },
    ),
    { numRuns: 3_000 },
  );
  const text =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n5;x="y"\r\nhello\r\n0\r\nT: u\r\n\r\n';
  const expected = { statusCode: 200, body: "hello", bytes: text.length };
  for (let at = 1; at < text.length; at += 1) expect(read(text, [at])).toMatchObject(expected);
  expect(read(text, new Array(text.length).fill(1))).toMatchObject(expected);
});

const ok = "HTTP/1.1 200 OK\r\n";

test.for([
  ["a version of its own", "HTTP/1.2 200 OK\r\n\r\n"],
  ["another major version", "HTTP/2.0 200 OK\r\n\r\n"],
  ["another protocol", "RTSP/1.0 200 OK\r\n\r\n"],
  ["an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"],
  ["two blanks before the code", "HTTP/1.1  200 OK\r\n\r\n"],
  ["a code of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["a code of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["a code below 100", "HTTP/1.1 099 OK\r\n\r\n"],
  ["a control character in its reason", "HTTP/1.1 200 O\x01K\r\n\r\n"],
  ["lines ended by LF alone", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
  ["one line ended by LF alone", `${ok}A: b\nContent-Length: 0\r\n\r\n`],
  ["a bare CR in a value", `${ok}A: b\rC: d\r\nContent-Length: 0\r\n\r\n`],
  ["a folded line", `${ok}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
  ["a blank before the first field", `${ok} A: b\r\nContent-Length: 0\r\n\r\n`],
  ["a blank before the colon", `${ok}Content-Length : 0\r\n\r\n`],
  ["a field without a name", `${ok}: b\r\nContent-Length: 0\r\n\r\n`],
  ["a line without a colon", `${ok}A\r\nContent-Length: 0\r\n\r\n`],
  ["a NUL in a value", `${ok}A: \0\r\nContent-Length: 0\r\n\r\n`],
  ["a DEL in a value", `${ok}A: \x7f\r\nContent-Length: 0\r\n\r\n`],
  ["a byte beyond ASCII in a name", `${ok}\xc4: a\r\nContent-Length: 0\r\n\r\n`],
  ["the same length twice", `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`],
  ["two lengths", `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
  ["a list of lengths", `${ok}Content-Length: 1, 1\r\n\r\na`],
  ["a length with a sign", `${ok}Content-Length: +1\r\n\r\na`],
  ["a length in hexadecimal", `${ok}Content-Length: 0x1\r\n\r\na`],
  ["no digits for a length", `${ok}Content-Length:\r\n\r\n`],
  ["a length beyond what numbers hold", `${ok}Content-Length: 9007199254740993\r\n\r\na`],
  ["a length and chunks", `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a coding under the chunks", `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  [
    "chunks twice",
    `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["chunks that are not last", `${ok}Transfer-Encoding: chunked, identity\r\n\r\n`],
  ["a coding that is none", `${ok}Transfer-Encoding: xchunked\r\n\r\n`],
  ["chunks under HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["a provisional answer with a body", "HTTP/1.1 103 Hints\r\nContent-Length: 1\r\n\r\na"],
  ["a head that is too large", `${ok}A: ${"b".repeat(headMaxBytes)}\r\n\r\n`],
] as const)("an answer is malformed that has %s", ([, text]) => {
  expect(read(text)).toBe("malformed");
  expect(typeof read(text, new Array(text.length).fill(1))).toBe("string");
});

test.for([
  ["a blank behind a size", "1 \r\na\r\n0\r\n\r\n"],
  ["a blank before a size", " 1\r\na\r\n0\r\n\r\n"],
  ["a size that is empty", "\r\na\r\n0\r\n\r\n"],
  ["a size that is none", "g\r\na\r\n0\r\n\r\n"],
  ["a negative size", "-1\r\na\r\n0\r\n\r\n"],
  ["a size with a prefix", "0x1\r\na\r\n0\r\n\r\n"],
  ["a size beyond what numbers hold", "10000000000000001\r\na\r\n0\r\n\r\n"],
  ["a size line ended by LF", "1\na\r\n0\r\n\r\n"],
  ["a size line ended by CR", "1\ra\r\n0\r\n\r\n"],
  ["a chunk that is longer", "1\r\nab\r\n0\r\n\r\n"],
  ["a chunk ended by LF", "1\r\na\n0\r\n\r\n"],
  ["an extension without a name", "1;\r\na\r\n0\r\n\r\n"],
  ["an extension with a bare LF", "1;a\nb\r\na\r\n0\r\n\r\n"],
  ["an extension with a blank", "1; a\r\na\r\n0\r\n\r\n"],
  ["an extension with quotes that stay open", '1;a="\r\na\r\n0\r\n\r\n'],
  ["an extension with a NUL", '1;a="\0"\r\na\r\n0\r\n\r\n'],
  ["extensions without end", `1;${"a".repeat(20_000)}\r\na\r\n0\r\n\r\n`],
  ["trailers without end", `0\r\n${"A: b\r\n".repeat(4_000)}\r\n`],
  ["a trailer that is none", "0\r\nA\r\n\r\n"],
  ["a trailer that folds", "0\r\nA: b\r\n c\r\n\r\n"],
  ["a trailer with a length", "0\r\nContent-Length: 1\r\n\r\n"],
  ["trailers ended by LF", "0\r\n\n"],
] as const)("chunks are malformed that have %s", ([, chunks]) => {
  const text = `${ok}Transfer-Encoding: chunked\r\n\r\n${chunks}`;
  expect(read(text)).toBe("malformed");
  expect(read(text, new Array(text.length).fill(1))).toBe("malformed");
});

test("many small extensions are as much as one large one", () => {
  const chunks = `1;${"a".repeat(100)}\r\na\r\n`.repeat(200);
  expect(read(`${ok}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)).toBe("malformed");
});

test("whoever is told to stop tells nothing more", () => {
  for (const chunked of [true, false]) {
    const body = new MessageBody();
    body.begin({ chunked, contentLength: chunked ? -1 : 9, close: false, keepAlive: false }, 0);
    const pieces: string[] = [];
    const sink = {
      onBody: (piece: Buffer) => {
        pieces.push(piece.toString());
        body.stop();
      },
    };
    body.read(Buffer.from("1\r\na\r\n1\r\nb\r\n"), 0, sink);
    body.read(Buffer.from("1\r\nc\r\n"), 0, sink);
    expect(pieces).toHaveLength(1);
    expect(body.state).toBe("stopped");
  }
});

test("the head of the next message begins where the body of this one ended", () => {
  const first = `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`;
  expect(read(`${first}HTTP/1.1 200 OK\r\n`)).toMatchObject({ body: "a", bytes: first.length });
});
