import { expect, test } from "vitest";
import { type Account, Accounting, addAccounts, closeAccount, emptyAccount } from "./accounting.ts";

const sum = ({ stored, bodiesShed, discarded, pending, dropped }: Account) =>
  stored +
  bodiesShed +
  discarded +
  pending +
  Object.values(dropped).reduce((all, one) => all + one, 0);

const some = (): Account => {
  const accounting = new Accounting();
  accounting.accepted = 20;
  accounting.stored = 8;
  accounting.bodiesShed = 1;
  accounting.discarded = 2;
  accounting.dropped.queue_full = 4;
  return accounting.snapshot();
};

test("what is nowhere else is pending", () => {
  expect(some().pending).toBe(5);
});

test("an ingest that is gone has lost what was pending, and its account still adds up", () => {
  const closed = closeAccount(some());
  expect(closed).toMatchObject({ pending: 0, dropped: { queue_full: 4, recorder_died: 5 } });
  expect(sum(closed)).toBe(closed.accepted);
});

test("the accounts of one recorder after another add up to one", () => {
  const both = addAccounts(closeAccount(some()), some());
  expect(both).toMatchObject({ accepted: 40, stored: 16, pending: 5 });
  expect(sum(both)).toBe(40);
  expect(addAccounts(emptyAccount, some())).toEqual(some());
});
