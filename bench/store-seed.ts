/** Fills a log through its contract, and a wide table with the same calls in the same minute, and says what that costs. */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../src/call.ts";
import { openCallLog } from "../src/host/stores.ts";
import { sampleCalls } from "./sample-calls.ts";
import { Spent } from "./spent.ts";
import { bytesOf, type StoreFacts, writeFacts } from "./store-facts.ts";
import { WideTable } from "./wide-table.ts";

const dayMs = 86_400_000;
const teamIds = [1, 2, 3, 4].map((team) => `01990000-0000-7000-8000-00000000000${team}`);
const untilMs = 1_790_000_000_000;
const sinceMs = untilMs - 30 * dayMs;
const tailRows = 5_000;

export interface Seeded {
  readonly facts: StoreFacts;
  readonly log: Spent;
  readonly wide: Spent | undefined;
  readonly logBytes: number;
  readonly wideBytes: number;
  /** Bodies and headers, as text. */
  readonly rawBytes: number;
  /** Of the tidying afterwards. */
  readonly sweepMs: number;
}

export interface SeedOptions {
  readonly rows: number;
  readonly batch: number;
  readonly bodies: "full" | "small";
  /** How many of the calls go into a wide table, too. */
  readonly wideRows: number;
}

export async function seed(folder: string, options: SeedOptions): Promise<Seeded> {
  const { rows, batch: batchRows, bodies, wideRows } = options;
  mkdirSync(folder, { recursive: true });
  const [log, wide] = [new Spent(), new Spent()];
  const callIds: string[] = [];
  const sessionIds: string[] = [];
  let position = "";
  let rawBytes = 0;
  let sweepMs = 0;
  {
    await using store = openCallLog("sqlite:", folder, "write");
    using table = wideRows > 0 ? new WideTable(join(folder, "wide.db")) : undefined;
    const source = sampleCalls({ teamIds, sinceMs, stepMs: (untilMs - sinceMs) / rows, bodies });
    const everyNth = Math.max(1, Math.floor(rows / 400));
    for (let done = 0; done < rows; done += batchRows) {
      const batch: Call[] = [];
      for (let at = done; at < Math.min(rows, done + batchRows); at += 1) {
        const call = source.next().value;
        batch.push(call);
        rawBytes += call.requestBody.length + call.responseBody.length;
        rawBytes += JSON.stringify(call.headers).length;
        if (at % everyNth === 0 && call.teamId === teamIds[0]) {
          callIds.push(call.id);
          if (call.sessionId) sessionIds.push(call.sessionId);
        }
      }
      if (position === "" && done >= rows - tailRows) {
        position = (await store.arrivals(teamIds[0] ?? "", { filter: {}, limit: 1 })).next;
      }
      // In turns first: the first to read a call pays for its way into the processor's cache.
      const turns = [() => log.turn(() => store.append(batch))];
      if (done < wideRows) turns.push(() => wide.turn(() => table?.append(batch)));
      for (const turn of (done / batchRows) % 2 === 0 ? turns : turns.reverse()) await turn();
    }
    const startedMs = performance.now();
    await store.sweep();
    sweepMs = performance.now() - startedMs;
  }
  const facts: StoreFacts = {
    ...{ teamIds, teamId: teamIds[0] ?? "", rows, bodies, sinceMs, untilMs },
    ...{ callIds, sessionIds, position },
  };
  writeFacts(folder, facts);
  return {
    facts,
    log,
    wide: wideRows > 0 ? wide : undefined,
    logBytes: bytesOf(folder),
    wideBytes: wideRows > 0 ? statSync(join(folder, "wide.db")).size : 0,
    rawBytes,
    sweepMs,
  };
}
