import { expect, test } from "vitest";
import { type Account, Accounting, closeAccount, dropReasons } from "./accounting.ts";

const sum = (account: Account) =>
  account.stored +
  account.bodiesShed +
  account.discarded +
  account.pendingMemory +
  account.pendingSpill +
  dropReasons.reduce((all, reason) => all + account.dropped[reason], 0);

/** 20 accepted: 8 stored, 1 of them shed, 2 discarded, 4 dropped, 3 in the spill, so 3 in memory. */
function some(): Account {
  const accounting = new Accounting();
  for (let n = 0; n < 20; n += 1) accounting.accept();
  const taken = { stored: 8, known: 0, discarded: 2 };
  accounting.settle("memory", { calls: 10, shed: 1 }, taken);
  accounting.drop("memory", "queue_full", 4);
  accounting.spill(3);
  return accounting.snapshot();
}

test("what is nowhere else is in memory", () => {
  expect(some()).toMatchObject({ stored: 7, bodiesShed: 1, pendingMemory: 3, pendingSpill: 3 });
  expect(sum(some())).toBe(20);
});

test("a call that the store knew already is stored, unless an earlier process counted it", () => {
  const accounting = new Accounting();
  for (let n = 0; n < 4; n += 1) accounting.accept();
  const known = { stored: 0, known: 2, discarded: 0 };
  accounting.settle("memory", { calls: 2, shed: 0 }, known);
  accounting.spill(2);
  accounting.settle("spill", { calls: 2, shed: 0 }, known);
  expect(accounting.snapshot()).toMatchObject({ accepted: 4, stored: 4, pendingSpill: 0 });
  accounting.settle("recovered", { calls: 5, shed: 1 }, { stored: 2, known: 2, discarded: 1 });
  const account = accounting.snapshot();
  expect(account).toMatchObject({ accepted: 7, recovered: 3, recoveredKnown: 2, pendingMemory: 0 });
  expect(sum(account)).toBe(7);
});

test("a recorder that died has lost what was in memory, and its successor goes on with its account", () => {
  const closed = closeAccount(some());
  expect(closed).toMatchObject({
    pendingMemory: 0,
    pendingSpill: 3,
    dropped: { recorder_died: 3 },
  });
  expect(sum(closed)).toBe(20);
  const next = new Accounting(closed);
  // Of the three one is found, one was stored when the recorder died, one is gone; and a fourth was not told of.
  next.settle("inherited", { calls: 2, shed: 0 }, { stored: 1, known: 1, discarded: 0 });
  expect(next.snapshot()).toMatchObject({ accepted: 20, stored: 8, pendingSpill: 2, recovered: 0 });
  next.closeInheritance();
  expect(next.snapshot()).toMatchObject({
    pendingSpill: 0,
    stored: 9,
    dropped: { recorder_died: 4 },
  });
  next.settle("inherited", { calls: 1, shed: 0 }, { stored: 1, known: 0, discarded: 0 });
  expect(next.snapshot()).toMatchObject({ accepted: 21, recovered: 1, pendingMemory: 0 });
  expect(sum(next.snapshot())).toBe(21);
});

test("a file that was half stored when its recorder died counts the other half alone", () => {
  const before = new Accounting();
  for (let n = 0; n < 100; n += 1) before.accept();
  before.spill(100);
  before.settle("spill", { calls: 60, shed: 0 }, { stored: 60, known: 0, discarded: 0 });
  const next = new Accounting(closeAccount(before.snapshot()));
  // What an earlier process left is none of it.
  next.settle("recovered", { calls: 5, shed: 0 }, { stored: 5, known: 0, discarded: 0 });
  next.settle("inherited", { calls: 60, shed: 0 }, { stored: 0, known: 60, discarded: 0 });
  next.settle("inherited", { calls: 40, shed: 0 }, { stored: 40, known: 0, discarded: 0 });
  next.closeInheritance();
  const account = next.snapshot();
  expect(account).toMatchObject({ accepted: 105, recovered: 5, recoveredKnown: 0, stored: 105 });
  expect(account).toMatchObject({ pendingSpill: 0, dropped: { recorder_died: 0 } });
});
