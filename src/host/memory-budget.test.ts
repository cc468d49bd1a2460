/** What may be recorded by configuration finds room in memory where nothing else is under way. */
import { expect, test } from "vitest";
import { call } from "../../test/store/builders.ts";
import { SlabWriter } from "../capture/slab.ts";
import { systemClock } from "../clock.ts";
import { newId } from "../id.ts";
import { CallQueue } from "../ingest/queue.ts";
import { memoryBudget, wholeCallsMaxBytes } from "./memory-budget.ts";
import { variables } from "./variables.ts";

const bodyMaxBytes = variables.bodyCaptureMaxBytes.form.max;

test("the largest body that may be kept goes to the recorder whole, faster than that reads", () => {
  using writer = new SlabWriter(() => undefined, {
    clock: systemClock,
    backlogMaxBytes: memoryBudget.backlogMaxBytes,
    waitingMaxBytes: wholeCallsMaxBytes,
    waitingBytes: () => 0,
  });
  const witness = writer.watch({
    serverId: "s",
    teamId: "t",
    startedAtMs: 0,
    method: "POST",
    path: "/p/x",
    sourceIp: "127.0.0.1",
    rawHeaders: [],
    captureLevel: "full",
  });
  const chunk = new Uint8Array(65_536);
  for (let bytes = 0; bytes < bodyMaxBytes; bytes += chunk.length) witness.request(chunk);
  expect(writer.stats().bodyBytesSkipped).toEqual({ capture_backlog: 0, body_scan_limit: 0 });
});

test("and its call waits for the store whole", () => {
  const limits = { callsMax: 10, parcelCallsMax: 50, bytesMax: memoryBudget.queueBytesMax };
  const queue = new CallQueue(limits);
  const large = call(newId(), { requestBody: "x".repeat(bodyMaxBytes) });
  expect(queue.offer(large, 0)).toBe("whole");
});
