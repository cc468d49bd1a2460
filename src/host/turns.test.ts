import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

/** Work that is begun when its turn comes and ends when told to. */
function rig(atOnceMax: number) {
  const turns = new Turns(atOnceMax);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (team: string, name: string, signal?: AbortSignal) =>
    turns.run(
      team,
      () => {
        begun.push(name);
        const { promise, resolve } = Promise.withResolvers<string>();
        ends.set(name, () => resolve(name));
        return promise;
      },
      signal,
    );
  const end = async (name: string, done: Promise<unknown>) => {
    ends.get(name)?.();
    await done;
  };
  return { turns, begun, start, end };
}

test("no more than the limit are at work at once, and each result is its own", async () => {
  const { begun, start, end } = rig(2);
  const [a, b, c] = [start("t", "a"), start("t", "b"), start("t", "c")];
  await Promise.resolve();
  expect(begun).toEqual(["a", "b"]);
  await end("b", b);
  expect(await b).toBe("b");
  await Promise.resolve();
  expect(begun).toEqual(["a", "b", "c"]);
  await end("a", a);
  await end("c", c);
  expect(await Promise.all([a, c])).toEqual(["a", "c"]);
});

test("teams take turns, however much one of them has waiting", async () => {
  const { begun, start, end } = rig(1);
  const all = new Map(
    ["a1", "a2", "a3", "b1", "b2"].map((name) => [name, start(name.charAt(0), name)]),
  );
  await Promise.resolve();
  for (const expected of ["a1", "a2", "b1", "a3", "b2"]) {
    expect(begun.at(-1)).toBe(expected);
    await end(expected, all.get(expected) ?? Promise.reject());
    await Promise.resolve();
  }
  expect(begun).toHaveLength(5);
});

test("work that fails makes room for the next", async () => {
  const turns = new Turns(1);
  const failing = turns.run("t", () => Promise.reject(new Error("broken")));
  const next = turns.run("t", () => Promise.resolve(7));
  await expect(failing).rejects.toThrow("broken");
  expect(await next).toBe(7);
});

test("what is aborted while it waits is never begun and holds nobody up", async () => {
  const { begun, start, end } = rig(1);
  const leaving = new AbortController();
  const first = start("t", "first");
  const left = start("t", "left", leaving.signal);
  const last = start("t", "last");
  leaving.abort(new Error("gone"));
  await expect(left).rejects.toThrow("gone");
  await end("first", first);
  await Promise.resolve();
  await end("last", last);
  expect(begun).toEqual(["first", "last"]);
  await expect(start("t", "never", leaving.signal)).rejects.toThrow("gone");
});
