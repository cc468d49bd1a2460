import { expect, test } from "vitest";
import { SharedReads } from "./shared-reads.ts";

/** A read that ends when told to, and shows how often it was begun and whether it still goes on. */
function slowRead() {
  const ends: PromiseWithResolvers<string>[] = [];
  const signals: AbortSignal[] = [];
  const start = (signal: AbortSignal) => {
    const end = Promise.withResolvers<string>();
    ends.push(end);
    signals.push(signal);
    signal.addEventListener("abort", () => end.reject(signal.reason));
    return end.promise;
  };
  return { ends, signals, start };
}

const stay = () => new AbortController().signal;

test("who asks the same at the same time gets the answer of one read", async () => {
  const { ends, start } = slowRead();
  const reads = new SharedReads<string>();
  const all = [1, 2, 3].map(() => reads.read("same", start, stay()));
  const other = reads.read("other", start, stay());
  ends[0]?.resolve("one");
  ends[1]?.resolve("two");
  expect(await Promise.all([...all, other])).toEqual(["one", "one", "one", "two"]);
  expect(ends).toHaveLength(2);
});

test("an answer is not kept: who asks later reads anew", async () => {
  const { ends, start } = slowRead();
  const reads = new SharedReads<string>();
  const first = reads.read("same", start, stay());
  ends[0]?.resolve("old");
  await first;
  const second = reads.read("same", start, stay());
  ends[1]?.resolve("new");
  expect(await second).toBe("new");
});

test("a read that fails fails for all, and is not kept either", async () => {
  const { ends, start } = slowRead();
  const reads = new SharedReads<string>();
  const all = [1, 2].map(() => reads.read("same", start, stay()));
  ends[0]?.reject(new Error("away"));
  for (const one of all) await expect(one).rejects.toThrow("away");
  void reads.read("same", start, stay());
  expect(ends).toHaveLength(2);
});

test("who leaves waits no more, and the last one who leaves ends the read", async () => {
  const { signals, start } = slowRead();
  const reads = new SharedReads<string>();
  const [one, two] = [new AbortController(), new AbortController()];
  const left = reads.read("same", start, one.signal);
  const last = reads.read("same", start, two.signal);
  one.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  expect(signals[0]?.aborted).toBe(false);
  two.abort(new Error("left, too"));
  await expect(last).rejects.toThrow("left, too");
  expect(signals[0]?.aborted).toBe(true);
  void reads.read("same", start, stay()).catch(() => undefined);
  expect(signals).toHaveLength(2);
});
