import { readlinkSync } from "node:fs";
import { getPriority } from "node:os";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { silentLog } from "../telemetry.ts";
import { Thread } from "./thread.ts";

const entry = new URL("../../test/fixtures/threads/giving-way.ts", import.meta.url);

test.runIf(process.platform === "linux")(
  "a thread that gives way has a lower priority than the others, which keep theirs",
  async () => {
    const own = () => getPriority(Number(basename(readlinkSync("/proc/thread-self"))));
    const before = own();
    await using thread = await Thread.open({
      name: "giving way",
      entry,
      data: undefined,
      heapMaxMiB: 64,
      answerMaxMs: 10_000,
      log: silentLog,
    });
    const given = await thread.call<{ before: number; after: number; complaints: string[] }>(
      "giveWay",
    );
    expect(given).toEqual({ before, after: Math.min(19, before + 10), complaints: [] });
    expect(own()).toBe(before);
  },
);
