/** Connections of clients read into one piece of memory: what is kept of a body must not be what the next connection said. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { expect, test } from "vitest";
import { dataPlane, httpUpstream, RawClient, slug, until } from "../../test/proxy/rig.ts";

interface Sent {
  readonly client: RawClient;
  readonly digest: string;
  /** What is left to be said, in pieces. */
  readonly pieces: Buffer[];
}

function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function head(fields: string, query = ""): string {
  return `POST /p/${slug}${query} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;
}

/** Pieces of up to so many bytes. */
function cut(bytes: Buffer, pieceBytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    pieces.push(bytes.subarray(at, at + pieceBytes));
  return pieces;
}

async function sending(
  port: number,
  bodyBytes: number,
  pieceBytes: number,
  { query = "", chunked = false, headPieces = 1 } = {},
): Promise<Sent> {
  const body = randomBytes(bodyBytes);
  const client = new RawClient(port);
  await once(client.socket, "connect");
  const fields = chunked ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${bodyBytes}\r\n`;
  const text = head(fields, query);
  const heads = headPieces === 0 ? [] : cut(Buffer.from(text), Math.ceil(text.length / headPieces));
  const bodies = cut(body, pieceBytes);
  const framed = (piece: Buffer) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
  const pieces = chunked
    ? [...heads, ...bodies.map(framed), Buffer.from("0\r\n\r\n")]
    : [...heads, ...bodies];
  if (headPieces === 0) pieces.unshift(Buffer.concat([Buffer.from(text), pieces.shift() ?? body]));
  return { client, digest: digestOf(body), pieces };
}

/** Says a piece of each in turn, each in a turn of the event loop of its own. */
async function sayAll(all: readonly Sent[]): Promise<void> {
  while (all.some(({ pieces }) => pieces.length > 0)) {
    for (const { client, pieces } of all) {
      const piece = pieces.shift();
      if (piece && !client.socket.write(piece))
        await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("bodies that come at once, in pieces, arrive as they were sent", {
  timeout: 60_000,
}, async () => {
  let reads: (() => void)[] = [];
  await using upstream = await httpUpstream((request, response) => {
    const hash = createHash("sha256");
    request.on("data", (chunk) => hash.update(chunk));
    request.on("end", () => response.end(`<${hash.digest("hex")}>`));
    if (request.url?.endsWith("late") !== true) return;
    request.pause();
    reads.push(() => request.resume());
  });
  await using plane = await dataPlane(upstream.url);
  const { port } = plane;
  const late = { query: "?late" };
  for (let round = 0; round < 3; round += 1) {
    reads = [];
    const all = await Promise.all([
      sending(port, 300, 300),
      sending(port, 300, 100, { headPieces: 3 }),
      sending(port, 5_000, 1_000, { headPieces: 2 }),
      sending(port, 60_000, 60_000),
      sending(port, 200_000, 7_000),
      sending(port, 900_000, 60_000, late),
      sending(port, 2_000_000, 50_000),
      sending(port, 2_000_000, 8_000, late),
      // More than the buffers of all connections on the way hold.
      sending(port, 12_000_000, 65_536, late),
      sending(port, 12_000_000, 60_000, late),
      sending(port, 300_000, 20_000, { chunked: true }),
      sending(port, 2_000, 500, { chunked: true, headPieces: 2 }),
      sending(port, 2_000, 500, { chunked: true, headPieces: 0 }),
      sending(port, 2_000, 600, { chunked: true, headPieces: 0 }),
    ]);
    const said = sayAll(all);
    await until("the late ones' beginnings", () => reads.length === 4, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const read of reads) read();
    await said;
    const answered = () => all.every(({ client }) => client.received.includes(">"));
    await until("all answers", answered, 20_000);
    for (const { client, digest } of all) {
      expect(client.received).toContain(`<${digest}>`);
      client[Symbol.dispose]();
    }
  }
});

test("what comes ahead of an answer is not what another connection said meanwhile", {
  timeout: 60_000,
}, async () => {
  const answers: (() => void)[] = [];
  await using upstream = await httpUpstream((request, response) => {
    const hash = createHash("sha256");
    request.on("data", (chunk) => hash.update(chunk));
    request.on("end", () => answers.push(() => response.end(`<${hash.digest("hex")}>`)));
  });
  await using plane = await dataPlane(upstream.url);
  const ask = (body: Buffer) =>
    Buffer.concat([Buffer.from(head(`Content-Length: ${body.length}\r\n`)), body]);
  const talks = Array.from({ length: 6 }, () => ({
    client: new RawClient(plane.port),
    first: randomBytes(400),
    second: randomBytes(30_000),
  }));
  for (const { client, first } of talks) client.socket.write(ask(first));
  await until("the first requests", () => answers.length === 6, 20_000);
  for (const [from, to] of [
    [0, 900],
    [900, 40_000],
  ] as const) {
    for (const { client, second } of talks) client.socket.write(ask(second).subarray(from, to));
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  for (const answer of answers.splice(0)) answer();
  await until("the second requests", () => answers.length === 6, 20_000);
  for (const answer of answers) answer();
  for (const { client, first, second } of talks) {
    await until("both answers", () => client.received.split(">").length === 3, 20_000);
    const told = [...client.received.matchAll(/<(\w+)>/g)].map(([, digest]) => digest);
    expect(told).toEqual([digestOf(first), digestOf(second)]);
    client[Symbol.dispose]();
  }
});
