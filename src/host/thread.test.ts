import { expect, test, vi } from "vitest";
import { Problem } from "../problem.ts";
import type { Log, LogFields } from "../telemetry.ts";
import { Thread, type ThreadOptions } from "./thread.ts";

const entry = new URL("../../test/fixtures/threads/brittle.ts", import.meta.url);

class Lines implements Log {
  readonly lines: { level: string; fields: LogFields; message: string }[] = [];
  readonly #line = (level: string) => (fields: LogFields, message: string) =>
    void this.lines.push({ level, fields, message });
  readonly debug = this.#line("debug");
  readonly info = this.#line("info");
  readonly warn = this.#line("warn");
  readonly error = this.#line("error");
}

const open = (more: Partial<ThreadOptions> = {}) =>
  Thread.open({
    name: "brittle",
    entry,
    data: { opens: true },
    heapMaxMiB: 64,
    answerMaxMs: 10_000,
    log: new Lines(),
    ...more,
  });

test("a method of another thread is called like one of this thread", async () => {
  await using thread = await open();
  expect(await thread.call("twice", 21)).toBe(42);
});

test("a Problem crosses threads with its code and details", async () => {
  await using thread = await open();
  const error = await thread.call("refuse").catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(Problem);
  expect(error).toMatchObject({
    code: "validation_error",
    details: [{ field: "cursor", message: "is not one of ours" }],
  });
});

test("a bug in another thread arrives as an error, not as a Problem", async () => {
  await using thread = await open();
  const error = await thread.call("stumble").catch((cause: unknown) => cause);
  expect(error).not.toBeInstanceOf(Problem);
  expect(error).toMatchObject({ message: "a bug" });
});

test.for(["missing", "constructor", "toString"])(
  "a method that is not served is refused: %s",
  async (name) => {
    await using thread = await open();
    await expect(thread.call(name)).rejects.toThrow("no method");
  },
);

test("a log line of another thread is written by this one", async () => {
  const log = new Lines();
  await using thread = await open({ log });
  await thread.call("say", "look");
  expect(log.lines).toContainEqual({ level: "warn", fields: { value: 7 }, message: "look" });
});

test("what kept a thread from opening reaches the one who opens it", async () => {
  await expect(open({ data: { opens: false } })).rejects.toThrow(
    "the file is from a newer version",
  );
});

test("a caller does not wait for ever", async () => {
  await using thread = await open({ answerMaxMs: 500 });
  await expect(thread.call("sleep")).rejects.toMatchObject({ code: "unavailable" });
  expect(await thread.call("twice", 3)).toBe(6);
});

test("closing while a dead thread is being replaced leaves none behind", async () => {
  const thread = await open();
  await expect(thread.call("die")).rejects.toMatchObject({ code: "unavailable" });
  await thread[Symbol.asyncDispose]();
  expect(thread.alive).toBe(false);
  await expect(thread.call("twice", 1)).rejects.toMatchObject({ code: "unavailable" });
});

test("a thread that dies is told of, rejects what was open, and is replaced", async () => {
  const onDeath = vi.fn();
  const log = new Lines();
  await using thread = await open({ onDeath, log });
  await expect(thread.call("die")).rejects.toMatchObject({ code: "unavailable" });
  expect(thread.alive).toBe(false);
  expect(onDeath).toHaveBeenCalledOnce();
  await expect(thread.call("twice", 1)).rejects.toMatchObject({ code: "unavailable" });
  await vi.waitFor(() => expect(thread.alive).toBe(true), 5_000);
  expect(await thread.call("twice", 2)).toBe(4);
  expect(thread.deaths).toBe(1);
  expect(log.lines).toMatchObject([{ level: "error", message: "a thread died of an error" }]);
});

test("messages that are no calls keep their place among the calls", async () => {
  const seen: unknown[] = [];
  await using thread = await open({ onMessage: (message) => seen.push(message) });
  thread.post({ ping: 1 }, []);
  await thread.call("twice", 0);
  expect(seen).toEqual([{ pong: 1 }]);
});
