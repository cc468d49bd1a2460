import { MessageChannel } from "node:worker_threads";
import { expect, test, vi } from "vitest";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { RemoteMethods, serveMethods } from "./remote.ts";
import { readMethods, remoteCallLog } from "./remote-call-log.ts";
import { Thread } from "./thread.ts";

const team = "a team";

interface Toil {
  /** Queries that have begun so far, and those of them that have not ended. */
  readonly begun: number;
  readonly atWork: number;
}

/** A reader of its own thread whose every count goes on until it is aborted. */
async function openReader(answerMaxMs = 10_000) {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const entry = new URL("../../test/fixtures/threads/toiling.ts", import.meta.url);
  const options = { name: "reader", entry, data: undefined, heapMaxMiB: 64, log: silent };
  const thread = await Thread.open({ ...options, answerMaxMs });
  const toil = () => thread.call<Toil>("toil");
  return {
    log: remoteCallLog(thread, thread),
    toil,
    atWork: async (count: number) => {
      await vi.waitFor(async () => expect((await toil()).begun).toBe(count), 5_000);
    },
    /** Resolves when nothing goes on over there. */
    idle: () => vi.waitFor(async () => expect((await toil()).atWork).toBe(0), 3_000),
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

test("a query that is aborted rejects with the reason and ends in the other thread", async () => {
  await using reader = await openReader();
  const leaving = new AbortController();
  const left = reader.log.count(team, {}, leaving.signal);
  await reader.atWork(1);
  const reason = new Error("the client has left");
  leaving.abort(reason);
  await expect(left).rejects.toBe(reason);
  await reader.idle();
});

test("a query that is aborted while it waits for its turn is never begun", async () => {
  await using reader = await openReader();
  const atWork = new AbortController();
  const waiting = new AbortController();
  const first = [1, 2].map(() => reader.log.count(team, {}, atWork.signal));
  const second = [1, 2, 3].map(() => reader.log.count(team, {}, waiting.signal));
  await reader.atWork(2);
  waiting.abort(new Error("left early"));
  for (const left of second) await expect(left).rejects.toThrow("left early");
  atWork.abort(new Error("left late"));
  for (const left of first) await expect(left).rejects.toThrow("left late");
  await reader.idle();
  expect((await reader.toil()).begun).toBe(2);
});

test("lists are answered while long queries are at work and more of them wait", async () => {
  await using reader = await openReader();
  const leaving = new AbortController();
  const long = Array.from({ length: 20 }, () => reader.log.count(team, {}, leaving.signal));
  await reader.atWork(2);
  expect(await reader.log.page(team, { limit: 10 })).toEqual({ calls: [], next: null });
  leaving.abort();
  await Promise.allSettled(long);
  await reader.idle();
});

test("a query whose caller has waited too long ends in the other thread, too", async () => {
  await using reader = await openReader(2_000);
  const signal = new AbortController().signal;
  await expect(reader.log.count(team, {}, signal)).rejects.toMatchObject({ code: "unavailable" });
  await reader.idle();
  expect((await reader.toil()).begun).toBe(1);
});

test("a query that was aborted before it is asked goes nowhere", async () => {
  await using reader = await openReader();
  const signal = AbortSignal.abort(new Error("gone already"));
  await expect(reader.log.count(team, {}, signal)).rejects.toThrow("gone already");
  expect((await reader.toil()).begun).toBe(0);
});

test("an answer in time leaves nothing behind at the caller's signal", async () => {
  const { port1, port2 } = new MessageChannel();
  serveMethods(
    port2,
    readMethods(() => new MemoryCallLog()),
  );
  const methods = new RemoteMethods(port1, 5_000);
  const controller = new AbortController();
  const removed = vi.spyOn(controller.signal, "removeEventListener");
  expect(await methods.call("count", team, {}, controller.signal)).toBe(0);
  expect(removed).toHaveBeenCalledWith("abort", expect.any(Function));
  port1.close();
});
