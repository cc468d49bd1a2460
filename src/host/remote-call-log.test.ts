import { expect, test } from "vitest";
import { call } from "../../test/store/builders.ts";
import type { CallLog } from "../store/call-log.ts";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { remoteCallLog } from "./remote-call-log.ts";
import type { Thread } from "./thread.ts";

/** A thread that answers in this one. */
const here = (log: CallLog) => {
  const sizes: number[] = [];
  const thread = {
    call: async (method: "page", ...args: Parameters<CallLog["page"]>) => {
      const page = await log[method](...args);
      sizes.push(page.calls.length);
      return page;
    },
  } as unknown as Thread;
  return { remote: remoteCallLog(thread, thread), sizes };
};

test.for([
  { limit: 50 },
  { limit: 100 },
  { limit: 250 },
  { limit: 1_000 },
  { limit: 333, offset: 120 },
  { limit: 1_000, offset: 340 },
])("a page that crosses in parts is the page: $limit after $offset", async (query) => {
  const log = new MemoryCallLog();
  await log.append(Array.from({ length: 350 }, (_, n) => call(`c${n}`, { startedAtMs: n % 90 })));
  const { teamId } = call("c0");
  const { remote, sizes } = here(log);
  expect(await remote.page(teamId, query)).toEqual(await log.page(teamId, query));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
});
