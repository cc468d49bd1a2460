import { expect, test } from "vitest";
import { isUnreadableRow } from "./damaged-file.ts";

// https://www.sqlite.org/rescode.html; 7 and 18 are what a length of gigabytes in a damaged row comes to.
test.for([
  { name: "CORRUPT", errcode: 11, unreadable: true },
  { name: "CORRUPT_INDEX", errcode: 779, unreadable: true },
  { name: "NOTADB", errcode: 26, unreadable: true },
  { name: "IOERR_SHORT_READ", errcode: 522, unreadable: true },
  { name: "NOMEM", errcode: 7, unreadable: true },
  { name: "TOOBIG", errcode: 18, unreadable: true },
  { name: "BUSY", errcode: 5, unreadable: false },
  { name: "IOERR_READ", errcode: 266, unreadable: false },
  { name: "ERROR", errcode: 1, unreadable: false },
])("a row that fails with $name is unreadable: $unreadable", ({ name, errcode, unreadable }) => {
  expect(isUnreadableRow(Object.assign(new Error(name), { errcode }))).toBe(unreadable);
});

test("a bug is no unreadable row", () => {
  expect(isUnreadableRow(new TypeError("a bug"))).toBe(false);
  expect(isUnreadableRow("a bug")).toBe(false);
});
