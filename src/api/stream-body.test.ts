import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { streamBody } from "./stream-body.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A body that is asked for by hand, with all that can be seen of it. */
function rig(
  produce: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
  { cut, stallMaxMs = 10_000 }: { cut?: () => void; stallMaxMs?: number } = {},
) {
  const client = new AbortController();
  const onEnd = vi.fn();
  const report = vi.fn();
  const connection = { report, ...(cut && { cut }) };
  const body = streamBody(produce, { signal: client.signal, connection, stallMaxMs, onEnd });
  return { body, client, onEnd, report };
}

test("chunks are made one by one, each when the one before was taken", async () => {
  const made: number[] = [];
  const { body, onEnd, report } = rig(async function* () {
    for (let n = 0; n < 3; n++) {
      made.push(n);
      yield bytes(`${n}`);
    }
  });
  await turn();
  expect(made).toEqual([]);
  const reader = body.getReader();
  expect(await reader.read()).toEqual({ done: false, value: bytes("0") });
  await turn();
  expect(made).toEqual([0]);
  await reader.read();
  await reader.read();
  expect(onEnd).not.toHaveBeenCalled();
  expect(await reader.read()).toMatchObject({ done: true });
  expect(onEnd).toHaveBeenCalledOnce();
  expect(report).not.toHaveBeenCalled();
});

test.for(["the reader cancels", "the client's signal is raised"] as const)(
  "when %s, what makes the chunks is told and ends, wherever it is",
  async (how) => {
    const left = Promise.withResolvers<void>();
    const { body, client, onEnd, report } = rig(async function* (signal) {
      try {
        yield bytes("a");
        await new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        );
      } finally {
        left.resolve();
      }
    });
    const reader = body.getReader();
    await reader.read();
    const pending = reader.read();
    await turn();
    if (how === "the reader cancels") await reader.cancel();
    else client.abort("gone");
    await left.promise;
    expect(onEnd).toHaveBeenCalledOnce();
    expect(report).not.toHaveBeenCalled();
    void pending;
  },
);

test("a body that nobody ever asks for ends with its client, too", async () => {
  const { client, onEnd } = rig(async function* () {
    yield bytes("never");
  });
  client.abort("gone");
  expect(onEnd).toHaveBeenCalledOnce();
  const late = rig(async function* () {});
  await late.body.cancel();
  expect(late.onEnd).toHaveBeenCalledOnce();
});

test("a failure is told to the operator, and cuts the connection instead of ending the body", async () => {
  const cut = vi.fn();
  const fault = new Error("the disk is gone");
  const failing = async function* () {
    yield bytes("half");
    throw fault;
  };
  const { body, onEnd, report } = rig(failing, { cut });
  const reader = body.getReader();
  await reader.read();
  const settled = vi.fn();
  reader.read().then(settled, settled);
  await vi.waitFor(() => expect(cut).toHaveBeenCalledOnce());
  await turn();
  expect(settled).not.toHaveBeenCalled();
  expect(report).toHaveBeenCalledExactlyOnceWith(fault);
  expect(onEnd).toHaveBeenCalledOnce();
  await expect(new Response(rig(failing).body).text()).rejects.toThrow("the disk is gone");
});

test("a reader that takes nothing for too long is cut off, and one that waits for us is not", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const cut = vi.fn();
  const more = Promise.withResolvers<void>();
  const { body, onEnd } = rig(
    async function* () {
      yield bytes("a");
      await more.promise;
      yield bytes("b");
      yield bytes("c");
    },
    { cut, stallMaxMs: 1_000 },
  );
  const reader = body.getReader();
  await reader.read();
  const waiting = reader.read();
  await turn();
  vi.advanceTimersByTime(5_000);
  expect(cut).not.toHaveBeenCalled();
  more.resolve();
  await waiting;
  await turn();
  vi.advanceTimersByTime(999);
  expect(cut).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(cut).toHaveBeenCalledOnce();
  expect(onEnd).toHaveBeenCalledOnce();
});
