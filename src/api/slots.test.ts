import { expect, test } from "vitest";
import { Slots } from "./slots.ts";

test("a team has its limit, all teams have theirs, and what is given back is free again", () => {
  const slots = new Slots("streams", { hostMax: 3, teamMax: 2 });
  const give = slots.take("a");
  slots.take("a");
  expect(() => slots.take("a")).toThrow("2 streams of this team are open, which is the limit");
  slots.take("b");
  expect(() => slots.take("c")).toThrow("3 streams are open, which is the limit");
  give();
  slots.take("c");
  expect(slots.teams()).toEqual(["a", "b", "c"]);
  expect(slots.taken).toBe(3);
});

test.for([
  { limits: { hostMax: 9, teamMax: 1 }, code: "rate_limited" },
  { limits: { hostMax: 1, teamMax: 9 }, code: "unavailable" },
])("a limit that is reached is a problem of its own: $code", ({ limits, code }) => {
  const slots = new Slots("exports", limits);
  slots.take("a");
  expect(() => slots.take("a")).toThrow(expect.objectContaining({ code }));
});

test("what is given back twice is free once", () => {
  const slots = new Slots("streams", { hostMax: 9, teamMax: 2 });
  const give = slots.take("a");
  slots.take("a");
  give();
  give();
  expect(slots.taken).toBe(1);
});
