/** Ingest with a disk to wait on: nothing that was accepted is lost or stored twice, whatever the store does. */
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { id, call as sample } from "../../test/store/builders.ts";
import type { Call } from "../call.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import { silentLog } from "../telemetry.ts";
import { type Account, closeAccount, dropReasons, type Taken } from "./accounting.ts";
import { Ingest, type IngestOptions, ingestDefaults } from "./ingest.ts";
import { LossTally } from "./loss-tally.ts";
import { toCalls } from "./parcel.ts";
import { Spill, type SpillOptions } from "./spill.ts";

let folder = "";
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "hookwatch-spilling-")), "spill");
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

const call = (bodyBytes = 100): Call => ({
  ...sample(newId()),
  id: newId(),
  requestBody: "x".repeat(bodyBytes),
  requestBytes: bodyBytes,
});

/** A log that can be away, hang, or forget to answer. Idempotent, as the contract asks. */
class Log {
  readonly calls = new Map<string, Call>();
  /** Ids in order of arrival. */
  readonly order: string[] = [];
  state: "well" | "away" | "hanging" | "mute" | "broken" = "well";
  /** How long it takes for a thousand calls. */
  thousandMs = 0;
  refused = 0;
  #freed: (() => void)[] = [];

  readonly append = async (batch: readonly Call[]): Promise<Taken> => {
    while (this.state === "hanging")
      await new Promise<void>((resolve) => void this.#freed.push(resolve));
    if (this.state === "broken") {
      this.refused += 1;
      throw new Error("cannot bind");
    }
    if (this.state === "away") throw new Problem("unavailable", "the disk is full");
    if (this.thousandMs > 0) await sleep((this.thousandMs * batch.length) / 1_000);
    const fresh = batch.filter(({ id }) => !this.calls.has(id));
    for (const one of fresh) {
      this.calls.set(one.id, one);
      this.order.push(one.id);
    }
    if (this.state === "mute") throw new Problem("unavailable", "the answer was lost");
    return { stored: fresh.length, known: batch.length - fresh.length, discarded: 0 };
  };

  get waiting(): boolean {
    return this.#freed.length > 0;
  }

  set(state: Log["state"]): void {
    this.state = state;
    for (const free of this.#freed.splice(0)) free();
  }
}

interface Setting extends Partial<IngestOptions> {
  readonly spilling?: Partial<SpillOptions>;
}

function open(log: Log, { spilling = {}, ...options }: Setting = {}): Ingest {
  const room = { maxBytes: 100_000_000, freeShareMin: 0, life: id("life") };
  return new Ingest((batch) => log.append([...toCalls(batch)]), {
    ...ingestDefaults,
    lingerMs: 1,
    retryMinMs: 1,
    retryMaxMs: 20,
    closeMaxMs: 300,
    // Few calls are many here.
    parcelCallsMax: 2,
    log: silentLog,
    spill: new Spill({ folder, log: silentLog, ...room, ...spilling }),
    ...options,
  });
}

const offer = (ingest: Ingest, calls: readonly Call[]) => {
  for (const one of calls) ingest.offer(one);
};
const some = (count: number, bodyBytes?: number) =>
  Array.from({ length: count }, () => call(bodyBytes));
const files = async () => (await readdir(folder)).filter((name) => name.endsWith(".calls"));
const sum = (account: Account) =>
  account.stored +
  account.bodiesShed +
  account.discarded +
  account.pendingMemory +
  account.pendingSpill +
  dropReasons.reduce((all, reason) => all + account.dropped[reason], 0);

test("a store that answers in time is all there is: nothing goes to disk", async () => {
  const log = new Log();
  await using ingest = open(log);
  offer(ingest, some(2_000));
  await ingest.flush();
  expect(log.calls.size).toBe(2_000);
  expect(await files()).toEqual([]);
});

test("while the store is away calls go to disk, and afterwards from there to the store in order", async () => {
  const log = new Log();
  log.set("away");
  await using ingest = open(log);
  const calls = some(50);
  for (const one of calls) {
    ingest.offer(one);
    if (Number(calls.indexOf(one)) % 10 === 0) {
      const { accepted } = ingest.account();
      await vi.waitFor(() => expect(ingest.account().pendingSpill).toBe(accepted));
    }
  }
  expect((await files()).length).toBeGreaterThan(1);
  expect(sum(ingest.account())).toBe(50);
  const spilled = new Set(calls.slice(0, ingest.account().pendingSpill).map((one) => one.id));
  log.set("well");
  await ingest.flush();
  expect(log.order.filter((id) => spilled.has(id))).toEqual([...spilled]);
  expect(ingest.account()).toMatchObject({ accepted: 50, stored: 50, pendingSpill: 0 });
  await vi.waitFor(async () => expect(await files()).toEqual([]));
});

test("what comes while the spill is emptied need not go there: who fell behind once does not stay behind", async () => {
  const log = new Log();
  log.set("hanging");
  await using ingest = open(log, { batchBytesMax: 1_048_576 });
  const before = some(6_000, 4_000);
  offer(ingest, before);
  await vi.waitFor(() => expect(ingest.account().pendingSpill).toBeGreaterThan(4_500));
  log.thousandMs = 80;
  log.set("well");
  const meanwhile: Call[] = [];
  for (let pending = 1; pending > 0; pending = ingest.account().pendingSpill) {
    const one = call();
    meanwhile.push(one);
    ingest.offer(one);
    await sleep(5);
  }
  await ingest.flush();
  const places = new Map(log.order.map((id, place) => [id, place]));
  const placeOf = ({ id }: Call) => places.get(id) ?? Number.NaN;
  const lastFromSpill = Math.max(...before.map(placeOf));
  const earlier = meanwhile.filter((one) => placeOf(one) < lastFromSpill);
  expect(earlier.length).toBeGreaterThan(meanwhile.length / 8);
  expect(ingest.account()).toMatchObject({ stored: 6_000 + meanwhile.length, pendingSpill: 0 });
});

test("a store that hangs holds nothing hostage: what it was given is on disk 250 ms later", async () => {
  const log = new Log();
  log.set("hanging");
  const ingest = open(log);
  const first = some(3);
  offer(ingest, first);
  await vi.waitFor(() => expect(ingest.account().pendingMemory).toBe(3));
  const startedMs = performance.now();
  await vi.waitFor(async () => expect(await files()).toHaveLength(1), 1_000);
  expect(performance.now() - startedMs).toBeLessThan(250);
  offer(ingest, some(4));
  await vi.waitFor(() => expect(ingest.account().pendingSpill).toBe(4));

  // What a process that is killed now would leave is whole.
  const survivor = new Log();
  {
    await using next = open(survivor, { spilling: { life: id("next life") } });
    await next.flush();
    expect(next.account()).toMatchObject({ accepted: 7, recovered: 7, stored: 7 });
  }
  expect(survivor.order.slice(0, 3)).toEqual(first.map((one) => one.id));
  log.set("well");
  await ingest[Symbol.asyncDispose]();
});

test("a batch that hung when the host closed is still offered call by call when it is refused", async () => {
  const log = new Log();
  log.state = "hanging";
  const ingest = open(log);
  offer(ingest, [call(), call(), call(), call()]);
  await vi.waitFor(() => expect(log.waiting).toBe(true));
  await ingest[Symbol.asyncDispose]();
  log.set("broken");
  // All of them at once, then each.
  await vi.waitFor(() => expect(log.refused).toBe(5));
});

test("a batch that hung and was taken in the end is stored once, and its copy is gone", async () => {
  const log = new Log();
  log.set("hanging");
  await using ingest = open(log);
  offer(ingest, some(3));
  await vi.waitFor(async () => expect(await files()).toHaveLength(1), 1_000);
  log.set("well");
  await ingest.flush();
  expect(ingest.account()).toMatchObject({ accepted: 3, stored: 3, pendingSpill: 0 });
  expect(log.order).toHaveLength(3);
  await vi.waitFor(async () => expect(await files()).toEqual([]));
});

test("a batch that hung and was refused in the end is on disk alone, and stored once", async () => {
  const log = new Log();
  log.set("hanging");
  await using ingest = open(log);
  offer(ingest, some(3));
  await vi.waitFor(async () => expect(await files()).toHaveLength(1), 1_000);
  log.set("away");
  await vi.waitFor(() => expect(ingest.account().pendingSpill).toBe(3));
  expect(ingest.account().pendingMemory).toBe(0);
  log.set("well");
  await ingest.flush();
  expect(ingest.account()).toMatchObject({ accepted: 3, stored: 3, pendingMemory: 0 });
  expect(log.order).toHaveLength(3);
});

test("memory that is half full is relieved however young the calls are", async () => {
  const log = new Log();
  log.set("hanging");
  const clock = { nowMs: () => 0, monotonicMs: () => 0 };
  await using ingest = open(log, { callsMax: 100, batchCallsMax: 10, clock });
  offer(ingest, some(40));
  await vi.waitFor(() => expect(ingest.account().pendingMemory).toBe(40));
  expect(await files()).toEqual([]);
  offer(ingest, some(50));
  await vi.waitFor(() => expect(ingest.account().pendingSpill).toBe(80));
  offer(ingest, some(40));
  expect(ingest.account().dropped.queue_full).toBe(0);
  log.set("well");
});

test("where neither memory nor disk has room bodies go first, then the newest, each told by server", async () => {
  const log = new Log();
  log.set("away");
  const losses = new LossTally();
  const spilling = { maxBytes: 60_000 };
  await using ingest = open(log, { callsMax: 40, bytesMax: 100_000, losses, spilling });
  for (let n = 0; n < 40; n += 1) {
    offer(ingest, some(5, 2_000));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { dropped, pendingSpill, pendingMemory } = ingest.account();
  expect(sum(ingest.account())).toBe(200);
  expect(dropped.queue_full).toBeGreaterThan(0);
  expect(dropped.queue_full + pendingSpill + pendingMemory).toBe(200);
  log.set("well");
  await ingest.flush();
  const account = ingest.account();
  expect(account).toMatchObject({ pendingSpill: 0, pendingMemory: 0 });
  expect(account.bodiesShed).toBeGreaterThan(0);
  expect([...log.calls.values()].filter((one) => one.requestTruncated)).toHaveLength(
    account.bodiesShed,
  );
  const told = new Map(losses.untoldLosses().map((loss) => [loss.kind, loss.calls]));
  expect(told.get("call")).toBe(account.dropped.queue_full);
  expect(told.get("bodies")).toBe(account.bodiesShed);
});

test.for([
  [100_000_000, false],
  [1, true],
] as const)(
  "memory half full is a crowd unless the disk relieves it: %d bytes of it, %s",
  async ([maxBytes, crowded]) => {
    const log = new Log();
    log.set("hanging");
    await using ingest = open(log, { callsMax: 100, batchCallsMax: 10, spilling: { maxBytes } });
    offer(ingest, some(40));
    expect(ingest.pressure.crowded).toBe(false);
    offer(ingest, some(30));
    await vi.waitFor(() =>
      expect(ingest.account().pendingSpill > 0 || ingest.pressure.crowded).toBe(true),
    );
    expect(ingest.pressure.crowded).toBe(crowded);
    log.set("well");
    await ingest.flush();
    expect(ingest.pressure.crowded).toBe(false);
  },
);

test("what the store does not take at the end is left to the next start, and counted once", async () => {
  const log = new Log();
  log.set("away");
  const ingest = open(log);
  offer(ingest, some(20));
  await ingest[Symbol.asyncDispose]();
  expect(ingest.account()).toMatchObject({ accepted: 20, stored: 0, pendingSpill: 20 });
  log.set("well");
  await using next = open(log, { spilling: { life: id("next life") } });
  await next.flush();
  expect(next.account()).toMatchObject({ accepted: 20, recovered: 20, stored: 20 });
});

test("a stop does not wait for a store that hangs", async () => {
  const log = new Log();
  log.set("hanging");
  const ingest = open(log);
  offer(ingest, some(3));
  await vi.waitFor(async () => expect(await files()).toHaveLength(1), 1_000);
  offer(ingest, some(2));
  await ingest[Symbol.asyncDispose]();
  expect(ingest.account()).toMatchObject({ accepted: 5, pendingSpill: 5, pendingMemory: 0 });
  log.set("well");
});

test("calls that an earlier process had stored already are not counted again", async () => {
  const log = new Log();
  log.set("mute");
  const ingest = open(log);
  offer(ingest, some(6));
  await vi.waitFor(() => expect(log.calls.size).toBe(6));
  await vi.waitFor(() => expect(ingest.account().pendingSpill).toBe(6));
  await ingest[Symbol.asyncDispose]();
  log.set("well");
  await using next = open(log, { spilling: { life: id("next life") } });
  await next.flush();
  expect(next.account()).toMatchObject({ accepted: 0, stored: 0, recoveredKnown: 6 });
  expect(log.order).toHaveLength(6);
});

test("the successor of a recorder that died goes on with its account", async () => {
  const log = new Log();
  log.set("away");
  const ingest = open(log);
  offer(ingest, some(8));
  await vi.waitFor(() => expect(ingest.account().pendingSpill).toBe(8));
  const told = closeAccount(ingest.account());
  await ingest[Symbol.asyncDispose]();
  log.set("well");
  await using next = open(log, { before: told });
  offer(next, some(2));
  await next.flush();
  const account = next.account();
  expect(account).toMatchObject({ accepted: 10, recovered: 0, stored: 10, pendingSpill: 0 });
});

test("a file damaged between two starts costs what was damaged, and no more", async () => {
  const log = new Log();
  log.set("away");
  const ingest = open(log);
  offer(ingest, some(5));
  await ingest[Symbol.asyncDispose]();
  const path = join(folder, (await files()).at(-1) ?? "");
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  await writeFile(path, bytes);
  log.set("well");
  await using next = open(log, { spilling: { life: id("next life") } });
  await next.flush();
  const account = next.account();
  expect(account).toMatchObject({ accepted: 5, stored: 4, dropped: { spill_damaged: 1 } });
  expect(sum(account)).toBe(5);
});

test("a file that vanishes is a loss of what it held", async () => {
  const log = new Log();
  log.set("away");
  await using ingest = open(log);
  offer(ingest, some(5));
  await vi.waitFor(() => expect(ingest.account().pendingSpill).toBe(5));
  offer(ingest, some(3));
  await vi.waitFor(() => expect(ingest.account().pendingSpill).toBe(8));
  const [, second = ""] = (await files()).sort();
  await writeFile(join(folder, second), "");
  log.set("well");
  await ingest.flush();
  expect(sum(ingest.account())).toBe(8);
  expect(ingest.account()).toMatchObject({ pendingSpill: 0, pendingMemory: 0 });
  expect(ingest.account().dropped.spill_damaged).toBeGreaterThan(0);
});

test("a spill folder that fails costs nothing while memory has room", async () => {
  const log = new Log();
  log.set("away");
  await using ingest = open(log);
  await rename(folder, `${folder}-gone`);
  offer(ingest, some(10));
  await vi.waitFor(() => expect(ingest.account().spillFailures).toBeGreaterThan(1), 2_000);
  expect(ingest.account()).toMatchObject({ pendingMemory: 10, pendingSpill: 0 });
  log.set("well");
  await ingest.flush();
  expect(ingest.account()).toMatchObject({ stored: 10 });
});

test("arrears tell for how long the log has taken nothing, and how old the oldest call is", async () => {
  let nowMs = 1_000;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const log = new Log();
  log.set("away");
  await using ingest = open(log, { clock, spilling: { clock } });
  expect(ingest.arrears()).toEqual({ silentMs: 0, oldestMs: 0 });
  offer(ingest, some(1));
  nowMs = 31_000;
  expect(ingest.arrears()).toEqual({ silentMs: 30_000, oldestMs: 30_000 });
  log.set("well");
  await ingest.flush();
  expect(ingest.arrears()).toEqual({ silentMs: 0, oldestMs: 0 });
});

test("whatever the store does, in whatever order: nothing lost, nothing twice, every account exact", async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ offer: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ state: fc.constantFrom("well", "away", "hanging", "mute" as const) }),
      fc.record({ waitMs: fc.integer({ min: 1, max: 180 }) }),
    ),
    { minLength: 3, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const log = new Log();
      const ingest = open(log, { callsMax: 1_000 });
      const offered: string[] = [];
      for (const step of history) {
        if ("offer" in step) {
          const calls = some(step.offer);
          offer(ingest, calls);
          offered.push(...calls.map((one) => one.id));
        } else if ("state" in step) log.set(step.state as Log["state"]);
        else await new Promise((resolve) => setTimeout(resolve, step.waitMs));
        const account = ingest.account();
        expect(sum(account)).toBe(offered.length);
        expect(account.pendingMemory).toBeGreaterThanOrEqual(0);
      }
      log.set("well");
      await ingest.flush();
      await ingest[Symbol.asyncDispose]();
      expect([...log.order].sort()).toEqual(offered.sort());
      expect(ingest.account()).toMatchObject({ accepted: offered.length, stored: offered.length });
      await vi.waitFor(async () => expect(await files()).toEqual([]));
    }),
    { numRuns: 15 },
  );
}, 30_000);
