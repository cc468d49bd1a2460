/** The slabs of several threads, read in order of time. */
import { expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import type { ExchangeOpening } from "../exchange.ts";
import { FieldTexts } from "./field-texts.ts";
import { SlabWriter } from "./slab.ts";
import { type NumberedSlab, SlabOrder } from "./slab-order.ts";
import { readSlab } from "./slab-reader.ts";
import { SlabTurn } from "./slab-turn.ts";

class Hands implements Clock {
  ms = 1_000;
  nowMs = () => this.ms;
  monotonicMs = () => this.ms;
}

const opening: ExchangeOpening = {
  serverId: "server",
  teamId: "team",
  startedAtMs: 0,
  method: "POST",
  path: "",
  rawHeaders: [],
  sourceIp: "127.0.0.1",
  captureLevel: "redacted",
};

/** Writers on one clock, whose slabs are on their way until they are delivered. */
class Bench {
  readonly clock = new Hands();
  readonly #texts = new FieldTexts();
  /** Texts of bodies in the order they were read in. */
  readonly read: string[] = [];
  readonly done: number[] = [];
  readonly order = new SlabOrder({
    now: () => this.clock.ms,
    see: (_writer, slab, span) =>
      readSlab(
        slab,
        this.#texts,
        (_exchange, _atMs, event) => {
          if (event.type === "request") this.read.push(event.bytes.toString());
        },
        span,
      ).at,
    done: (writer) => this.done.push(writer),
  });
  readonly writers = [0, 1, 2].map((number) => {
    const turn = new SlabTurn();
    this.order.join(number, turn);
    const underWay: NumberedSlab[] = [];
    const slabs = new SlabWriter(
      (slab) => underWay.push({ slab, number: turn.ending, deliveredMs: this.clock.ms }),
      { clock: this.clock, turn, flushMs: 1e8, slabBytes: 2_048 },
    );
    const witness = slabs.watch(opening);
    return { number, slabs, underWay, say: (text: string) => witness.request(Buffer.from(text)) };
  });

  /** The opening of each. */
  constructor() {
    for (const at of this.writers.keys()) this.flush(at);
    this.deliver();
  }

  writer(at: number) {
    const writer = this.writers[at];
    if (!writer) throw new RangeError(`there is no writer ${at}`);
    return writer;
  }

  say(at: number, text: string): void {
    this.clock.ms += 0.25;
    this.writer(at).say(text);
  }

  flush(at: number): void {
    this.clock.ms += 0.25;
    this.writer(at).slabs.flush();
  }

  deliver(at?: number): void {
    for (const { number, underWay } of at === undefined ? this.writers : [this.writer(at)])
      for (const slab of underWay.splice(0)) this.order.add(number, slab);
  }
}

test("what two threads write in turn is read in turn, whoever delivers first", () => {
  const bench = new Bench();
  bench.say(0, "call");
  bench.say(1, "question");
  bench.say(2, "answer");
  bench.say(0, "result");
  for (const at of [2, 0, 1]) bench.flush(at);
  for (const at of [2, 0, 1]) bench.deliver(at);
  expect(bench.read).toEqual(["call", "question", "answer", "result"]);
});

test("nothing waits for a thread that has nothing to say", () => {
  const bench = new Bench();
  bench.say(1, "alone");
  bench.flush(1);
  bench.deliver(1);
  expect(bench.read).toEqual(["alone"]);
  expect(bench.done.at(-1)).toBe(1);
});

test("a record waits for a thread that is writing, and for a slab on its way", () => {
  const bench = new Bench();
  bench.say(2, "first");
  bench.say(1, "second");
  bench.flush(1);
  bench.deliver(1);
  expect(bench.read).toEqual([]);
  bench.flush(2);
  bench.order.advance();
  expect(bench.read).toEqual([]);
  bench.deliver(2);
  expect(bench.read).toEqual(["first", "second"]);
});

test("a thread that stands still is waited for a second, and no longer", () => {
  const bench = new Bench();
  bench.say(0, "stuck");
  bench.say(1, "later");
  bench.flush(1);
  bench.deliver(1);
  bench.clock.ms += 990;
  bench.order.advance();
  expect(bench.read).toEqual([]);
  bench.clock.ms += 20;
  bench.order.advance();
  expect(bench.read).toEqual(["later"]);
});

test("a thread that is gone is waited for no more, and its end comes after all it has written", () => {
  const bench = new Bench();
  bench.say(2, "last words");
  bench.flush(2);
  bench.say(2, "never delivered");
  bench.say(0, "later");
  bench.flush(0);
  bench.deliver(0);
  bench.deliver(2);
  expect(bench.read).toEqual(["last words"]);
  bench.order.leave(2, () => bench.read.push("gone"));
  expect(bench.read).toEqual(["last words", "gone", "later"]);
});

test("a mark is passed when all before it has been read, and no sooner", () => {
  const bench = new Bench();
  bench.say(1, "older");
  bench.say(0, "mine");
  bench.flush(0);
  bench.deliver(0);
  bench.order.mark(0, () => bench.read.push("mark"));
  expect(bench.read).toEqual([]);
  bench.flush(1);
  bench.deliver(1);
  expect(bench.read).toEqual(["older", "mine", "mark"]);
});

test("whatever three threads do, all is read once and in order", () => {
  let seed = 7;
  const below = (limit: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % limit;
  };
  for (let run = 0; run < 200; run += 1) {
    const bench = new Bench();
    const said: string[] = [];
    for (let step = 0; step < 120; step += 1) {
      const at = below(3);
      const what = below(10);
      if (what < 6) {
        said.push(`${step}`.padEnd(below(400), "."));
        bench.say(at, said.at(-1) ?? "");
      } else if (what < 8) bench.flush(at);
      else if (what < 9) bench.deliver(at);
      else bench.order.advance();
    }
    for (const at of [0, 1, 2]) bench.flush(at);
    bench.deliver();
    // A body that does not fit into what is left of its slab comes in pieces.
    expect(bench.read.join("")).toBe(said.join(""));
  }
});
