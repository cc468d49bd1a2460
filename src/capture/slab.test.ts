import fc from "fast-check";
import { expect, test } from "vitest";
import type { ExchangeOpening } from "../exchange.ts";
import { FieldTexts } from "./field-texts.ts";
import { SlabWriter, type SlabWriterOptions } from "./slab.ts";
import { readSlab, type SlabEvent } from "./slab-reader.ts";

const clock = { nowMs: () => 0, monotonicMs: () => 12.5 };

function opening(more: Partial<ExchangeOpening> = {}): ExchangeOpening {
  return {
    serverId: "s",
    teamId: "t",
    startedAtMs: 1_700_000_000_000,
    method: "POST",
    path: "/a?b=é",
    rawHeaders: ["Host", "x", "X-A", ""],
    sourceIp: "::1",
    captureLevel: "redacted",
    ...more,
  };
}

function openWriter(options: Partial<SlabWriterOptions> = {}) {
  const slabs: Uint8Array<ArrayBuffer>[] = [];
  const writer = new SlabWriter((slab) => slabs.push(slab), { clock, flushMs: 10_000, ...options });
  const read = () => {
    writer.flush();
    const events: (SlabEvent & { exchange: number })[] = [];
    for (const slab of slabs.splice(0)) {
      const { torn } = readSlab(slab, new FieldTexts(), (exchange, _, event) =>
        events.push({ exchange, ...event }),
      );
      expect(torn).toBe("");
    }
    return events;
  };
  return { writer, slabs, read, [Symbol.dispose]: () => writer[Symbol.dispose]() };
}

const bytesOf = (events: readonly SlabEvent[], type: "request" | "response") =>
  Buffer.concat(
    events.flatMap((event) => (event.type === type && "bytes" in event ? [event.bytes] : [])),
  );

test("what goes into slabs comes out of them, whatever their size and that of the chunks", () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 3_000, size: "max" }), {
    maxLength: 6,
    size: "max",
  });
  fc.assert(
    fc.property(
      chunks,
      chunks,
      fc.integer({ min: 700, max: 4_000 }),
      (requests, responses, slabBytes) => {
        using rig = openWriter({ slabBytes });
        const witness = rig.writer.watch(opening());
        for (const chunk of requests) witness.request(chunk);
        witness.requestEnd();
        witness.head(207, ["A", "b"]);
        for (const chunk of responses) witness.response(chunk);
        witness.end({ outcome: "timeout", reason: "über" });
        const events = rig.read();
        expect(events[0]).toEqual({ exchange: 1, type: "opening", opening: opening() });
        expect(bytesOf(events, "request")).toEqual(Buffer.concat(requests));
        expect(bytesOf(events, "response")).toEqual(Buffer.concat(responses));
        const rest = events.filter(
          ({ type }) => !["opening", "request", "response"].includes(type),
        );
        expect(rest).toEqual([
          { exchange: 1, type: "requestEnd" },
          { exchange: 1, type: "head", statusCode: 207, rawHeaders: ["A", "b"] },
          { exchange: 1, type: "end", end: { outcome: "timeout", reason: "über" } },
        ]);
      },
    ),
  );
});

test("a slab torn at any place is read as far as it is whole, and reported", () => {
  using rig = openWriter();
  const witness = rig.writer.watch(opening());
  witness.request(Buffer.from("abc"));
  witness.end({ outcome: "complete", reason: "" });
  rig.writer.flush();
  const [slab = new Uint8Array()] = rig.slabs;
  const whole = readSlab(slab, new FieldTexts(), () => {}).records;
  let torn = 0;
  for (let length = 1; length < slab.length; length += 1) {
    const reading = readSlab(slab.subarray(0, length), new FieldTexts(), () => {});
    expect(reading.records).toBeLessThan(whole);
    if (reading.torn !== "") torn += 1;
  }
  // All places but those between two records.
  expect(torn).toBe(slab.length - 1 - (whole - 1));
});

test("bytes that are no slab are reported, never thrown over", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readSlab(bytes, new FieldTexts(), () => {});
    }),
  );
});

test("a number is used again only after the end of its exchange", () => {
  using rig = openWriter();
  const first = rig.writer.watch(opening());
  const second = rig.writer.watch(opening());
  first.end({ outcome: "complete", reason: "" });
  first.end({ outcome: "complete", reason: "twice" });
  first.request(Buffer.from("late"));
  rig.writer.watch(opening());
  rig.writer.watch(opening());
  second.end({ outcome: "complete", reason: "" });
  const events = rig.read().map(({ exchange, type }) => [exchange, type]);
  expect(events).toEqual([
    [1, "opening"],
    [2, "opening"],
    [1, "end"],
    [1, "opening"],
    [3, "opening"],
    [2, "end"],
  ]);
});

test("beyond bodyScanMaxBytes a body is only counted, exactly", () => {
  using rig = openWriter({ bodyScanMaxBytes: 10 });
  const witness = rig.writer.watch(opening());
  for (const chunk of ["abcdefgh", "ijklmnop", "qr"]) witness.request(Buffer.from(chunk));
  witness.requestEnd();
  witness.end({ outcome: "complete", reason: "" });
  const events = rig.read();
  expect(bytesOf(events, "request").toString()).toBe("abcdefghij");
  expect(events).toContainEqual({ exchange: 1, type: "requestSkipped", skippedBytes: 8 });
  expect(rig.writer.stats().bodyBytesSkipped).toEqual({ capture_backlog: 0, body_scan_limit: 8 });
});

test("an event stream has no such limit, unless it is encoded", () => {
  for (const [encoding, copied] of [
    ["identity", 30],
    ["gzip", 10],
  ] as const) {
    using rig = openWriter({ bodyScanMaxBytes: 10 });
    const witness = rig.writer.watch(opening());
    witness.head(200, ["Content-Type", "Text/Event-Stream", "Content-Encoding", encoding]);
    witness.response(new Uint8Array(30));
    expect(bytesOf(rig.read(), "response")).toHaveLength(copied);
    witness.end({ outcome: "complete", reason: "" });
  }
});

test("from half of the backlog on bodies are left out, above it exchanges, but every end is written", () => {
  const losses: string[] = [];
  using rig = openWriter({
    slabBytes: 1_000,
    backlogMaxBytes: 4_000,
    onLoss: ({ serverId }, kind, reason) => void losses.push(`${serverId} ${kind} ${reason}`),
  });
  const first = rig.writer.watch(opening());
  for (let chunk = 0; chunk < 40; chunk += 1) first.request(new Uint8Array(100));
  expect(rig.writer.stats().backlogBytes).toBeLessThan(2_400);
  expect(rig.writer.stats().bodyBytesSkipped.capture_backlog).toBeGreaterThan(1_500);
  const open = Array.from({ length: 40 }, () => rig.writer.watch(opening()));
  const { exchangesSeen, exchangesDropped } = rig.writer.stats();
  expect(exchangesSeen + exchangesDropped.capture_backlog).toBe(41);
  expect(exchangesDropped.capture_backlog).toBeGreaterThan(5);
  expect(losses[0]).toBe("s bodies capture_backlog");
  expect(losses.slice(1)).toEqual(
    Array.from({ length: exchangesDropped.capture_backlog }, () => "s call capture_backlog"),
  );
  for (const witness of [first, ...open]) {
    witness.response(new Uint8Array(50));
    witness.end({ outcome: "complete", reason: "" });
  }
  const events = rig.read();
  expect(events.filter(({ type }) => type === "end")).toHaveLength(exchangesSeen);
  const skipped = events.flatMap((event) =>
    event.type === "requestSkipped" ? [event.skippedBytes] : [],
  );
  expect(bytesOf(events, "request").length + (skipped[0] ?? 0)).toBe(4_000);
});

test("a team that fills the backlog loses bodies of its own, and none of another team's", () => {
  const losses: string[] = [];
  using rig = openWriter({
    slabBytes: 1_000,
    backlogMaxBytes: 8_000,
    onLoss: ({ teamId }, kind) => void losses.push(`${teamId} ${kind}`),
  });
  const noisy = rig.writer.watch({ ...opening(), teamId: "noisy" });
  const quiet = rig.writer.watch({ ...opening(), teamId: "quiet" });
  for (let chunk = 0; chunk < 100; chunk += 1) noisy.request(new Uint8Array(100));
  for (let chunk = 0; chunk < 10; chunk += 1) quiet.request(new Uint8Array(100));
  expect(losses).toEqual(["noisy bodies"]);
  const { backlogBytes } = rig.writer.stats();
  expect(backlogBytes).toBeGreaterThan(4_000);
  expect(backlogBytes).toBeLessThan(6_500);

  rig.writer.flush();
  for (const slab of rig.slabs.splice(0)) rig.writer.consumed(slab.byteLength);
  const again = rig.writer.watch({ ...opening(), teamId: "noisy" });
  again.request(new Uint8Array(1_000));
  for (const witness of [noisy, quiet, again]) witness.end({ outcome: "complete", reason: "" });
  rig.writer.flush();
  expect(losses).toEqual(["noisy bodies"]);
  for (const slab of rig.slabs) rig.writer.consumed(slab.byteLength);
  expect(rig.writer.stats().backlogBytes).toBe(0);
});

test("bodies are left out that would find no room behind, and taken again once there is some", () => {
  let waitingBytes = 0;
  const losses: string[] = [];
  using rig = openWriter({
    backlogMaxBytes: 1_000_000,
    waitingMaxBytes: 10_000,
    waitingBytes: () => waitingBytes,
    onLoss: ({ serverId }, kind, reason) => void losses.push(`${serverId} ${kind} ${reason}`),
  });
  const passed = () => {
    const witness = rig.writer.watch(opening());
    for (let chunk = 0; chunk < 100; chunk += 1) witness.request(new Uint8Array(100));
    witness.end({ outcome: "complete", reason: "" });
    rig.writer.flush();
    for (const slab of rig.slabs) rig.writer.consumed(slab.byteLength);
    const events = rig.read();
    expect(events.at(-1)?.type).toBe("end");
    return bytesOf(events, "request").length;
  };
  // Alone a team has half of the room, records' heads included.
  const alone = passed();
  expect(alone).toBeGreaterThan(4_000);
  expect(alone).toBeLessThan(5_000);
  waitingBytes = 8_000;
  expect(rig.writer.crowded).toBe(false);
  const less = passed();
  expect(less).toBeGreaterThan(500);
  expect(less).toBeLessThan(1_000);
  waitingBytes = 12_000;
  // Bodies of an exchange that begins now would be left out.
  expect(rig.writer.crowded).toBe(true);
  expect(passed()).toBe(0);
  waitingBytes = 0;
  expect(passed()).toBe(alone);
  expect(losses).toEqual(Array.from({ length: 4 }, () => "s bodies capture_backlog"));
});

test("once the backlog is acknowledged streams are seen again, with their gap marked", () => {
  using rig = openWriter({ slabBytes: 1_000, backlogMaxBytes: 1_000 });
  const witness = rig.writer.watch(opening());
  witness.head(200, ["content-type", "text/event-stream"]);
  witness.response(Buffer.from("a".repeat(600)));
  witness.response(Buffer.from("lost"));
  rig.writer.flush();
  for (const slab of rig.slabs) rig.writer.consumed(slab.byteLength);
  witness.response(Buffer.from("seen"));
  witness.end({ outcome: "complete", reason: "" });
  const events = rig.read();
  expect(bytesOf(events, "response").toString()).toBe(`${"a".repeat(600)}seen`);
  expect(events.slice(-3)).toMatchObject([
    { type: "responseSkipped", skippedBytes: 4 },
    { type: "response" },
    { type: "end" },
  ]);
});

test("a body with a gap is not taken up again", () => {
  using rig = openWriter({ slabBytes: 1_000, backlogMaxBytes: 1_000 });
  const witness = rig.writer.watch(opening());
  witness.request(Buffer.from("a".repeat(600)));
  witness.request(Buffer.from("lost"));
  rig.writer.flush();
  for (const slab of rig.slabs) rig.writer.consumed(slab.byteLength);
  witness.request(Buffer.from("of no use"));
  witness.end({ outcome: "complete", reason: "" });
  const events = rig.read();
  expect(bytesOf(events, "request").toString()).toBe("a".repeat(600));
  expect(events).toContainEqual({ exchange: 1, type: "requestSkipped", skippedBytes: 13 });
});

test("a deliverer that throws harms nothing and is counted", () => {
  using writer = new SlabWriter(
    () => {
      throw new Error("closed");
    },
    { clock },
  );
  writer.watch(opening()).end({ outcome: "complete", reason: "" });
  writer.flush();
  expect(writer.stats()).toMatchObject({ slabsLost: 1, slabsDelivered: 0, backlogBytes: 0 });
});

test("a head larger than a slab is left out, the exchange is not", () => {
  using rig = openWriter({ slabBytes: 1_000 });
  const witness = rig.writer.watch(opening({ rawHeaders: ["A", "x".repeat(2_000)] }));
  witness.head(200, ["B", "y".repeat(2_000)]);
  witness.end({ outcome: "complete", reason: "" });
  expect(rig.read()).toMatchObject([
    { type: "opening", opening: { serverId: "s", path: "", rawHeaders: [] } },
    { type: "head", statusCode: 200, rawHeaders: [] },
    { type: "end" },
  ]);
});

test("records are delivered without being asked for, within their time", async () => {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  using writer = new SlabWriter(resolve, { clock, flushMs: 5 });
  writer.watch(opening());
  // The timer does not keep a process alive; this test has to.
  const alive = setInterval(() => {}, 1_000);
  expect((await promise).byteLength).toBeGreaterThan(17);
  clearInterval(alive);
});
