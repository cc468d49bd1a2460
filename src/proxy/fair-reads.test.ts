/** A connection with megabytes to be read does not hold up the others. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { until } from "../../test/proxy/rig.ts";
import { readMemory } from "../blocks.ts";
import { borrowing, takeBorrowed } from "./borrowed.ts";

const bodyBytes = 8 * 1024 * 1024;
const turnMaxBytes = 256 * 1024;

interface Pair extends AsyncDisposable {
  /** Reads into borrowed memory. */
  readonly reader: Socket;
  readonly writer: Socket;
}

async function connected(): Promise<Pair> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const reader = connect({ host: "127.0.0.1", port, onread: borrowing });
  const [writer] = (await once(server, "connection")) as [Socket];
  for (const socket of [reader, writer]) socket.on("error", () => {});
  return {
    reader,
    writer,
    async [Symbol.asyncDispose]() {
      reader.destroy();
      writer.destroy();
      server.close();
    },
  };
}

/** What comes is counted, by turns of the event loop. */
function countByTurns(reader: Socket): { readonly turns: number[]; bytes: number } {
  const seen = { turns: [] as number[], bytes: 0 };
  let inTurn = 0;
  takeBorrowed(reader, ({ length }) => {
    if (inTurn === 0) {
      setImmediate(() => {
        seen.turns.push(inTurn);
        inTurn = 0;
      });
    }
    inTurn += length;
    seen.bytes += length;
  });
  return seen;
}

/** As much as the system holds is there when the reading begins. */
async function filled(): Promise<Pair> {
  const pair = await connected();
  pair.reader.pause();
  pair.writer.write(Buffer.alloc(bodyBytes, 7));
  await sleep(50);
  return pair;
}

test("of what waits on one connection 256 KiB are read before the others have their turn", async () => {
  await using pair = await filled();
  const seen = countByTurns(pair.reader);
  pair.reader.resume();
  await until("all of it", () => seen.bytes === bodyBytes);
  await new Promise((resolve) => setImmediate(resolve));
  expect(Math.max(...seen.turns)).toBe(turnMaxBytes);
});

for (const [when, fullReads, pauseOf] of [
  ["amid its turn", 2, (reader: Socket) => reader.pause()],
  ["between two turns", 4, (reader: Socket) => void process.nextTick(() => reader.pause())],
] as const) {
  test(`a connection that is paused ${when} stays so, and goes on where it was`, async () => {
    await using pair = await filled();
    const { reader } = pair;
    let bytes = 0;
    let inARow = 0;
    let pausedAtBytes = 0;
    takeBorrowed(reader, ({ length }) => {
      bytes += length;
      inARow = length === readMemory.length ? inARow + 1 : 0;
      if (inARow < fullReads || pausedAtBytes > 0) return;
      pausedAtBytes = bytes;
      pauseOf(reader);
    });
    reader.resume();
    await until("a turn", () => pausedAtBytes > 0);
    await sleep(50);
    expect(bytes).toBe(pausedAtBytes);
    expect(bytes).toBeLessThan(bodyBytes);
    reader.resume();
    await until("all of it", () => bytes === bodyBytes);
  });
}
