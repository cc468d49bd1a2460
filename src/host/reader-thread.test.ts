import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { calls, teamId } from "../../test/store/builders.ts";
import { silentLog } from "../telemetry.ts";
import { openCallLog } from "./stores.ts";
import { Thread } from "./thread.ts";

/** Of each thread of this process. */
function niceness(): { readonly name: string; readonly nice: number }[] {
  return readdirSync("/proc/self/task").map((thread) => {
    const [, name = "", rest = ""] =
      /\((.*)\) (.*)/.exec(readFileSync(`/proc/self/task/${thread}/stat`, "utf8")) ?? [];
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    return { name, nice: Number(rest.split(" ")[16]) };
  });
}

test.runIf(process.platform === "linux")(
  "the reader of a call log answers, and it alone gives way to the others",
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "hookwatch-reader-"));
    using _ = { [Symbol.dispose]: () => rmSync(dataDir, { recursive: true }) };
    await using log = openCallLog("sqlite:", dataDir, "write");
    await log.append(calls(7));
    const usual = Math.max(...niceness().map(({ nice }) => nice));
    await using reader = await Thread.open({
      name: "reader",
      entry: new URL("./reader-thread.ts", import.meta.url),
      data: { callsUrl: "sqlite:", dataDir },
      heapMaxMiB: 64,
      answerMaxMs: 10_000,
      log: silentLog,
    });
    expect(await reader.call("count", teamId, {})).toBe(7);
    const nicer = niceness().filter(({ nice }) => nice > usual);
    expect(nicer).toEqual([{ name: "reader", nice: Math.min(19, usual + 10) }]);
  },
);
