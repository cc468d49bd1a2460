import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { dataPlane, get, httpUpstream, until } from "../../test/proxy/rig.ts";

/** More than the buffers of all connections on the way hold. */
const manyBytes = 24 * 1024 * 1024;

class Counting implements Disposable {
  bytes = 0;
  odd = 0;
  readonly #socket: Socket;

  constructor(port: number, letter: string, reads: boolean) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("error", () => {});
    this.#socket.on("data", (chunk) => {
      const head = this.bytes === 0 ? chunk.indexOf("\r\n\r\n") + 4 : 0;
      this.bytes += chunk.length - head;
      for (const byte of chunk.subarray(head)) if (byte !== letter.charCodeAt(0)) this.odd += 1;
    });
    if (!reads) this.#socket.pause();
    this.#socket.write(get("", `/p/${"a".repeat(26)}?letter=${letter}`));
  }

  read(): void {
    this.#socket.resume();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

test("a client that reads late gets its own answer, whatever others were answered meanwhile", async () => {
  await using upstream = await httpUpstream((request, response) => {
    const [, letter = ""] = /letter=(.)/.exec(request.url ?? "") ?? [];
    const bytes = letter === "A" ? manyBytes : 200_000;
    response.setHeader("content-length", bytes);
    response.end(Buffer.alloc(bytes, letter));
  });
  await using plane = await dataPlane(upstream.url);
  using late = new Counting(plane.port, "A", false);
  const seen = () => plane.sightings[0]?.responseBytes ?? 0;
  await until("the answer's beginning", () => seen() > 1_000_000);
  for (const letter of "BCDEFG") {
    using other = new Counting(plane.port, letter, true);
    await until("another answer", () => other.bytes === 200_000);
    expect(other.odd).toBe(0);
  }
  expect(seen()).toBeLessThan(manyBytes);
  late.read();
  await until("the whole answer", () => late.bytes === manyBytes, 20_000);
  expect(late.odd).toBe(0);
});
