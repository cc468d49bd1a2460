/** A log that has been in use for a month, written through the store's own contract while no host runs. */
import { sampleCalls } from "../bench/sample-calls.ts";
import type { Call } from "../src/call.ts";
import { openCallLog } from "../src/host/stores.ts";
import type { Run } from "./run.ts";

const batchCalls = 2_000;
const dayMs = 86_400_000;

/** Appends so many calls of a team, spread over the last 30 days. */
export async function seedCalls(
  dataDir: string,
  teamId: string,
  rows: number,
  run: Run,
): Promise<void> {
  const startedMs = performance.now();
  await using log = openCallLog("sqlite:", dataDir, "write");
  const untilMs = Date.now() - 60_000;
  // Not the first hour, lest the end of the measurement finds it past its age.
  const sinceMs = untilMs - 30 * dayMs + 3_600_000;
  const source = sampleCalls({ teamIds: [teamId], sinceMs, stepMs: (untilMs - sinceMs) / rows });
  for (let done = 0; done < rows; done += batchCalls) {
    const batch: Call[] = [];
    while (batch.length < Math.min(batchCalls, rows - done)) batch.push(source.next().value);
    await log.append(batch);
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  run.note(`${rows} calls seeded through the store in ${seconds.toFixed(0)} s`);
}
