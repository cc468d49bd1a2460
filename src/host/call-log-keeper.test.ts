import { expect, test } from "vitest";
import { call, teamId } from "../../test/store/builders.ts";
import type { Call } from "../call.ts";
import { Problem } from "../problem.ts";
import type { Appended, CallLog } from "../store/call-log.ts";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { silentLog } from "../telemetry.ts";
import { CallLogKeeper } from "./call-log-keeper.ts";

/** A log that can be opened again and again, fails on demand, and can lose what it acknowledged. */
class Engine {
  readonly stored = new MemoryCallLog();
  opened = 0;
  closed = 0;
  failure: Error | undefined;

  readonly open = (): CallLog => {
    this.opened += 1;
    const engine = this;
    let isClosed = false;
    return new (class extends MemoryCallLog {
      override async append(calls: Iterable<Call>): Promise<Appended> {
        expect(isClosed).toBe(false);
        if (engine.failure) throw engine.failure;
        return engine.stored.append(calls);
      }
      override async remove(team: string, id: string): Promise<boolean> {
        return engine.stored.remove(team, id);
      }
      override async [Symbol.asyncDispose](): Promise<void> {
        isClosed = true;
        engine.closed += 1;
      }
    })();
  };

  readonly count = () => this.stored.count(teamId, {});
}

const failed = new Problem("unavailable", "disk I/O error");

test("a log that has failed is closed, and opened anew with the next batch", async () => {
  const engine = new Engine();
  await using keeper = new CallLogKeeper(engine.open, silentLog);
  engine.failure = failed;
  await expect(keeper.append([call("a")])).rejects.toBe(failed);
  expect(engine).toMatchObject({ opened: 1, closed: 1 });
  expect(() => keeper.calls).toThrow(/failed/);
  engine.failure = undefined;
  expect(await keeper.append([call("a")])).toMatchObject({ stored: 1 });
  expect(engine).toMatchObject({ opened: 2, closed: 1 });
  expect(keeper.isOpen).toBe(true);
});

test("while it goes on failing each attempt is one of its own", async () => {
  const engine = new Engine();
  await using keeper = new CallLogKeeper(engine.open, silentLog);
  engine.failure = failed;
  for (let n = 0; n < 3; n += 1) await expect(keeper.append([call("a")])).rejects.toBe(failed);
  expect(engine).toMatchObject({ opened: 3, closed: 3 });
});

test("a batch that cannot be stored by any log does not close this one", async () => {
  const engine = new Engine();
  await using keeper = new CallLogKeeper(engine.open, silentLog);
  engine.failure = new TypeError("cannot bind");
  await expect(keeper.append([call("a")])).rejects.toThrow("cannot bind");
  expect(engine).toMatchObject({ opened: 1, closed: 0 });
});

test("what a failing log had acknowledged and lost is stored again, and told", async () => {
  const engine = new Engine();
  const lines: unknown[] = [];
  const log = { ...silentLog, error: (fields: unknown) => void lines.push(fields) };
  await using keeper = new CallLogKeeper(engine.open, log);
  await keeper.append([call("a"), call("b")]);
  await engine.stored.remove(teamId, call("b").id);
  engine.failure = failed;
  await expect(keeper.append([call("c")])).rejects.toBe(failed);
  engine.failure = undefined;
  await keeper.append([call("c")]);
  expect(await engine.count()).toBe(3);
  expect(lines).toEqual([{ calls: 1 }]);
});

test("what was removed since does not come back that way", async () => {
  const engine = new Engine();
  await using keeper = new CallLogKeeper(engine.open, silentLog);
  await keeper.append([call("a")]);
  await keeper.removing.remove(teamId, call("a").id);
  engine.failure = failed;
  await expect(keeper.append([call("b")])).rejects.toBe(failed);
  engine.failure = undefined;
  await keeper.append([call("b")]);
  expect(await engine.count()).toBe(1);
});
