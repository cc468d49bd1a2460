import { expect, test } from "vitest";
import { isLongList, listBody } from "./list-body.ts";

const entries = (count: number) => Array.from({ length: count }, (_, n) => ({ n, text: `"é${n}` }));

test.for([26, 50, 51, 1_000])("a list of %i is the same JSON as in one piece", async (count) => {
  const list = { data: entries(count), limit: 1_000, next_cursor: null };
  expect(await new Response(listBody(list)).text()).toBe(JSON.stringify(list));
});

test("a list of nothing but entries is the same JSON, too", async () => {
  const list = { data: entries(30) };
  expect(await new Response(listBody(list)).text()).toBe(JSON.stringify(list));
});

test("other work gets its turn while a list is rendered", async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  const data = Array.from({ length: 1_000 }, () => ({ body: "x".repeat(32_768) }));
  await new Response(listBody({ data })).arrayBuffer();
  clearInterval(timer);
  expect(turns).toBeGreaterThan(10);
});

test.for([null, 7, {}, { data: 7 }, { data: entries(25) }])("%j needs no pieces", (value) => {
  expect(isLongList(value)).toBe(false);
});
