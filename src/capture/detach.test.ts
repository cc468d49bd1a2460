import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { detach } from "./detach.ts";
import { Seal } from "./seal.ts";
import { secretType } from "./sensitive-keys.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap that are still held after `keep` has seen 60 short pieces of 60 megabytes. */
function heldBytes(keep: (piece: string) => void): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 60; n += 1) {
    const body = `${n}-a-name-of-some-length-${"x".repeat(1_000_000)}`.replaceAll("-a-", "-b-");
    keep(body.slice(0, body.indexOf("-length-")));
  }
  collect();
  return process.memoryUsage().heapUsed - before;
}

test.for(["", "plain", "Grüße", "世界 🌍", "half \ud83d of one", "\u0000"])(
  "a copy is the text: %j",
  (text) => {
    expect(detach(text)).toBe(text);
  },
);

test("a piece that is kept as it is holds what it was cut from, which is what this is about", () => {
  const kept: string[] = [];
  expect(heldBytes((piece) => kept.push(piece))).toBeGreaterThan(40_000_000);
});

test("a copy holds nothing but itself", () => {
  const kept: string[] = [];
  expect(heldBytes((piece) => kept.push(detach(piece)))).toBeLessThan(5_000_000);
});

test("what is remembered of names and secrets holds no bodies", () => {
  const seal = new Seal(new Uint8Array(32));
  expect(heldBytes((piece) => secretType(`${piece}`))).toBeLessThan(5_000_000);
  expect(heldBytes((piece) => seal.mark("token", piece))).toBeLessThan(5_000_000);
});
