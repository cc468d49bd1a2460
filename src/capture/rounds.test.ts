import { expect, test } from "vitest";
import { type Asking, Rounds } from "./rounds.ts";
import { Seal } from "./seal.ts";

const hourMs = 3_600_000;
const open = (max = 100) => new Rounds(new Seal(new Uint8Array(32).fill(1)), max);
const asking = (changes: Partial<Asking> = {}): Asking => ({
  serverId: "server",
  scopeKey: "",
  method: "tools/call",
  name: "book",
  client: "cursor",
  atMs: 0,
  ...changes,
});

test("a request goes on with the call that was given its state", () => {
  const rounds = open();
  rounds.await(asking(), "state", "first");
  expect(rounds.find(asking({ client: "moved to another network" }), "state")).toBe("first");
  expect(rounds.find(asking(), "State")).toBeUndefined();
  expect(rounds.find(asking(), undefined)).toBeUndefined();
});

test.for<Partial<Asking>>([
  { serverId: "other" },
  { scopeKey: "session\0x" },
  { method: "prompts/get" },
  { name: "cancel" },
  { atMs: 24 * hourMs + 1 },
])("a state means nothing elsewhere: %o", (changes) => {
  const rounds = open();
  rounds.await(asking(), "state", "first");
  expect(rounds.find(asking(changes), "state")).toBeUndefined();
  expect(rounds.find(asking({ atMs: 24 * hourMs }), "state")).toBe("first");
});

test.for<Partial<Asking>>([{ client: "zed" }, { name: "cancel" }, { atMs: 600_001 }])(
  "without a state only the same client asking the same soon goes on: %o",
  (changes) => {
    const rounds = open();
    rounds.await(asking(), undefined, "first");
    expect(rounds.find(asking(changes), undefined)).toBeUndefined();
    expect(rounds.find(asking({ atMs: 600_000 }), undefined)).toBe("first");
    expect(rounds.find(asking(), undefined)).toBeUndefined();
  },
);

test("of two calls with one state each client goes on with its own, a third with none", () => {
  const rounds = open();
  rounds.await(asking(), "state", "first");
  rounds.await(asking({ client: "zed" }), "state", "second");
  expect(rounds.find(asking({ client: "other" }), "state")).toBeUndefined();
  expect(rounds.find(asking({ client: "zed" }), "state")).toBe("second");
  expect(rounds.find(asking(), "state")).toBe("first");
});

test("of two calls of one client with one state neither is chosen", () => {
  const rounds = open();
  rounds.await(asking(), "state", "first");
  rounds.await(asking(), "state", "second");
  expect(rounds.find(asking(), "state")).toBeUndefined();
});

test("a call that is given the same state again is one call", () => {
  const rounds = open();
  rounds.await(asking(), "state", "first");
  expect(rounds.find(asking(), "state")).toBe("first");
  rounds.await(asking(), "state", "first");
  expect(rounds.size).toBe(1);
  expect(rounds.find(asking(), "state")).toBe("first");
});

test("a call whose round was taken up gives way to one that waits", () => {
  const rounds = open();
  rounds.await(asking(), "state", "first");
  expect(rounds.find(asking(), "state")).toBe("first");
  rounds.await(asking(), "state", "second");
  expect(rounds.find(asking(), "state")).toBe("second");
});

test("a round that is sent twice is found twice", () => {
  const rounds = open();
  rounds.await(asking(), "state", "first");
  expect(rounds.find(asking(), "state")).toBe("first");
  expect(rounds.find(asking(), "state")).toBe("first");
});

test("beyond the limit the oldest are forgotten, and counted; one state fills no more than its share", () => {
  const rounds = open(40);
  for (let at = 0; at < 50; at += 1) rounds.await(asking(), `state ${at}`, `call ${at}`);
  expect([rounds.size, rounds.evicted]).toEqual([40, 10]);
  expect(rounds.find(asking(), "state 9")).toBeUndefined();
  expect(rounds.find(asking(), "state 10")).toBe("call 10");
  for (let at = 0; at < 100; at += 1) rounds.await(asking(), "one", `call ${at}`);
  expect(rounds.size).toBe(40);
});
