/** Appends batches of 20 calls to the log named by its argument and prints each id once it is acknowledged, until killed. */
import { writeSync } from "node:fs";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { call } from "./builders.ts";

await using log = SqliteCallLog.open(process.argv[2] ?? "", { mode: "write" });
for (let batch = 0; ; batch++) {
  const calls = Array.from({ length: 20 }, (_, index) => call(`${batch} ${index}`));
  await log.append(calls);
  writeSync(1, calls.map((each) => `${each.id}\n`).join(""));
}
