import { expect, test, vi } from "vitest";
import { startMs, teamId } from "../../test/store/builders.ts";
import { LossTally } from "../ingest/loss-tally.ts";
import type { Loss } from "../loss.ts";
import { silentLog } from "../telemetry.ts";
import { LossTeller } from "./loss-teller.ts";

const lose = (tally: LossTally) =>
  tally.add({ teamId, serverId: "a", startedAtMs: startMs }, "call", "queue_full");

test("a log that is away is told later, of all there is by then, and once", async () => {
  const tally = new LossTally();
  const told: (readonly Loss[])[] = [];
  let away = true;
  const warn = vi.fn();
  const tell = async (losses: readonly Loss[]) => {
    if (away) throw new Error("away");
    told.push(losses);
  };
  await using teller = new LossTeller(tally, tell, { ...silentLog, warn });
  lose(tally);
  await teller.tell();
  await teller.tell();
  expect(warn).toHaveBeenCalledTimes(1);
  away = false;
  lose(tally);
  await teller.tell();
  await teller.tell();
  expect(told).toMatchObject([[{ calls: 2 }]]);
});

test("the end tells what is left", async () => {
  const tally = new LossTally();
  const told: number[] = [];
  const teller = new LossTeller(tally, async (losses) => void told.push(losses.length), silentLog);
  lose(tally);
  await teller[Symbol.asyncDispose]();
  expect(told).toEqual([1]);
});
