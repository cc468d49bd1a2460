import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { FleetingList, FleetingMap, type Placed } from "./fleeting.ts";

interface Item extends Placed {
  readonly name: string;
}

const item = (name: string): Item => ({ name, place: -1 });

describe("a list of what comes and goes", () => {
  it("holds what was added and not deleted", () => {
    const list = new FleetingList<Item>();
    const [one, two, three] = [item("1"), item("2"), item("3")];
    for (const each of [one, two, three]) list.add(each);
    expect(list.delete(one)).toBe(true);
    expect([...list].map(({ name }) => name).sort()).toEqual(["2", "3"]);
    expect(list.delete(three)).toBe(true);
    expect([...list]).toEqual([two]);
    expect(list.size).toBe(1);
  });

  it("deletes nothing else for what it does not hold, or no more", () => {
    const list = new FleetingList<Item>();
    const [one, two] = [item("1"), item("2")];
    list.add(one);
    list.add(two);
    expect(list.delete(one)).toBe(true);
    expect(list.delete(one)).toBe(false);
    expect(list.delete(item("3"))).toBe(false);
    expect([...list]).toEqual([two]);
  });

  it("gives each item once, though they are deleted meanwhile", () => {
    const list = new FleetingList<Item>();
    for (let each = 0; each < 100; each += 1) list.add(item(`${each}`));
    const seen: string[] = [];
    for (const each of list) {
      seen.push(each.name);
      list.delete(each);
    }
    expect(new Set(seen).size).toBe(100);
    expect(list.size).toBe(0);
  });

  it("keeps nothing of what is gone until the next collection of the whole heap", () => {
    const list = new FleetingList<Placed & { readonly weight: number[] }>();
    expect(
      kept(
        (weight) => {
          const added = { place: -1, weight };
          list.add(added);
          return added;
        },
        (added) => list.delete(added),
      ),
    ).toBeLessThan(keptMaxBytes);
  });
});

describe("a map of what comes and goes", () => {
  it("gives what was set last, in the order of keys that came", () => {
    const map = new FleetingMap<string, { readonly value: number }>();
    map.set("a", { value: 1 });
    map.set("b", { value: 2 });
    map.set("a", { value: 3 });
    expect(map.get("a")).toEqual({ value: 3 });
    expect(map.get("c")).toBeUndefined();
    expect([...map.values()]).toEqual([{ value: 3 }, { value: 2 }]);
    expect([...map].map(([key]) => key)).toEqual(["a", "b"]);
    expect(map.size).toBe(2);
  });

  it("forgets what is deleted, and tells whether it was there", () => {
    const map = new FleetingMap<number, object>();
    map.set(1, {});
    expect(map.delete(1)).toBe(true);
    expect(map.delete(1)).toBe(false);
    expect(map.get(1)).toBeUndefined();
    expect([...map]).toEqual([]);
    expect(map.size).toBe(0);
  });

  it("takes a deletion while it is read", () => {
    const map = new FleetingMap<number, { readonly value: number }>();
    for (let key = 0; key < 10; key += 1) map.set(key, { value: key });
    for (const { value } of map.values()) map.delete(value);
    expect(map.size).toBe(0);
  });

  it("keeps nothing of what is gone until the next collection of the whole heap", () => {
    const map = new FleetingMap<number, { readonly weight: number[] }>();
    let last = 0;
    expect(
      kept(
        (weight) => {
          last += 1;
          map.set(last, { weight });
          return last;
        },
        (key) => map.delete(key),
      ),
    ).toBeLessThan(keptMaxBytes);
  });
});

/** A `Map` keeps more than 40 MB. */
const keptMaxBytes = 12_000_000;

/** The most that the heap grows by while items of 2 KB come and go, fifty of them at a time; bytes. */
function kept<Key>(add: (weight: number[]) => Key, remove: (key: Key) => void): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (how?: { type: "minor" }) => void;
  const open: Key[] = [];
  const turn = (times: number) => {
    for (let time = 0; time < times; time += 1) {
      open.push(add(new Array<number>(250).fill(time)));
      const oldest = open.length > 50 ? open.shift() : undefined;
      if (oldest !== undefined) remove(oldest);
    }
  };
  turn(200);
  collect();
  const before = process.memoryUsage().heapUsed;
  let most = 0;
  for (let round = 0; round < 50; round += 1) {
    turn(1_000);
    collect({ type: "minor" });
    most = Math.max(most, process.memoryUsage().heapUsed - before);
  }
  return most;
}
