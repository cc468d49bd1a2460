import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { InnerLine } from "./inner-line.ts";

const ask = (path: string, mark = "", signal = new AbortController().signal) => ({
  ...{ method: "POST", path, headers: { host: "inner", "content-type": "text/plain" } },
  ...{ body: "hello", mark, signal },
});

test("a request arrives whole, with what is known of it, and its answer comes back", async () => {
  const line = new InnerLine<string>((request, response, mark) => {
    void Array.fromAsync(request).then((chunks) => {
      response.setHeader("x-mark", mark);
      response.statusCode = 201;
      response.end(`${request.method} ${request.url} ${request.headers.host} ${chunks.join("")}`);
    });
  });
  const answers = await Promise.all(["one", "two"].map((mark) => line.send(ask("/p/a?b", mark))));
  expect(answers.map(({ statusCode, headers }) => [statusCode, headers["x-mark"]])).toEqual([
    [201, "one"],
    [201, "two"],
  ]);
  expect(await textOf(answers[0]?.body)).toBe("POST /p/a?b inner hello");
});

test("an answer of many megabytes comes through, at the pace it is read", async () => {
  const chunk = Buffer.alloc(65_536, "x");
  const line = new InnerLine(async (_request, response: ServerResponse) => {
    for (let sent = 0; sent < 64; sent += 1) {
      if (!response.write(chunk)) await once(response, "drain");
    }
    response.end();
  });
  const { body } = await line.send(ask("/"));
  expect((await textOf(body)).length).toBe(64 * chunk.length);
});

test("who leaves ends the exchange on the other side", async () => {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const line = new InnerLine((_request: IncomingMessage, response) => {
    response.once("close", resolve);
    response.write("begun");
  });
  const leaving = new AbortController();
  const { body } = await line.send(ask("/", "", leaving.signal));
  leaving.abort(new Error("enough"));
  await expect(textOf(body)).rejects.toThrow();
  await left;
});

test("who leaves amid an answer that nobody reads ends the exchange, too", async () => {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const line = new InnerLine((_request: IncomingMessage, response) => {
    response.once("close", resolve);
    while (response.write(Buffer.alloc(65_536)));
  });
  const leaving = new AbortController();
  await line.send(ask("/", "", leaving.signal));
  leaving.abort(new Error("enough"));
  await left;
});

test("an answer that dies while nobody reads it is no longer waited for", async () => {
  const { promise: died, resolve } = Promise.withResolvers<() => void>();
  const line = new InnerLine((_request: IncomingMessage, response) => {
    while (response.write(Buffer.alloc(65_536)));
    resolve(() => response.socket?.resetAndDestroy());
  });
  const { body } = await line.send(ask("/"));
  (await died)();
  await expect(textOf(body)).rejects.toThrow();
});

test.for(["destroySoon", "resetAndDestroy"] as const)(
  "an answer broken off by %s cannot be taken for a whole one",
  async (how) => {
    const line = new InnerLine((_request, response) => {
      response.write("begun");
      response.socket?.[how]();
    });
    const answer = line.send(ask("/")).then(({ body }) => textOf(body));
    await expect(answer).rejects.toThrow();
  },
);

async function textOf(body: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  return Buffer.concat(await Array.fromAsync(body ?? [])).toString();
}
