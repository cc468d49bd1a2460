import { expect, test } from "vitest";
import { missClientsMax } from "./limits.ts";
import { MissBudget } from "./miss-budget.ts";

function budget() {
  let nowMs = 5_000;
  const misses = new MissBudget(() => nowMs);
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** What each of so many misses in a row is told. */
    spend: (address: string, times = 1) =>
      Array.from({ length: times }, () => misses.spend(address)),
  };
}

const free = (times: number) => new Array<number>(times).fill(0);

test("thirty misses a minute are free, and then one every two seconds", () => {
  const { pass, spend } = budget();
  expect(spend("192.0.2.1", 32)).toEqual([...free(30), 2, 2]);
  pass(1_000);
  expect(spend("192.0.2.1")).toEqual([1]);
  pass(1_000);
  expect(spend("192.0.2.1", 2)).toEqual([0, 2]);
  pass(3_600_000);
  expect(spend("192.0.2.1", 31)).toEqual([...free(30), 2]);
});

test("who asks on while it has to wait does not wait longer", () => {
  const { pass, spend } = budget();
  spend("192.0.2.1", 30);
  for (let round = 0; round < 20; round += 1) {
    pass(100);
    if (round < 19) spend("192.0.2.1");
  }
  expect(spend("192.0.2.1")).toEqual([0]);
});

test("clients are counted apart, of IPv6 by their /64", () => {
  const { spend } = budget();
  spend("192.0.2.1", 31);
  expect(spend("192.0.2.2")).toEqual([0]);
  spend("2001:db8:0:1::1", 15);
  spend("2001:db8:0:1:ffff::2", 15);
  expect(spend("2001:db8:0:1::3")).toEqual([2]);
  expect(spend("2001:db8:0:2::1")).toEqual([0]);
});

test("of too many clients the one that has missed nothing for the longest is forgotten", () => {
  const { spend } = budget();
  spend("192.0.2.1", 30);
  spend("192.0.2.2", 30);
  for (let at = 0; at < missClientsMax - 2; at += 1) spend(`10.${at >> 16}.${at >> 8}.${at}`);
  expect(spend("192.0.2.1")).toEqual([2]);
  spend("10.99.0.1");
  expect(spend("192.0.2.1")).toEqual([2]);
  expect(spend("192.0.2.2")).toEqual([0]);
});
