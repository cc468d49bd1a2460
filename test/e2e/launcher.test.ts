/** What a host is told before it begins, however it was started. */
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startHost } from "./rig.ts";
import { until } from "./until.ts";

test.runIf(process.platform === "linux").for([
  ["by itself", {}],
  ["with a young heap that somebody else set", { NODE_OPTIONS: "--max-semi-space-size=8" }],
] as const)(
  "a host that was started %s has malloc give back what is free",
  async ([, environment]) => {
    const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-launcher-"));
    const child = startHost({ HOOKWATCH_DATA_DIR: dataDir, ...environment });
    try {
      let output = "";
      child.stdout?.on("data", (chunk) => {
        output += chunk;
      });
      await until(
        "the greeting",
        10_000,
        () => output,
        (text) => text.includes("listening on"),
      );
      const begun = await readFile(`/proc/${child.pid}/environ`, "latin1");
      expect(begun.split("\0")).toEqual(
        expect.arrayContaining([
          "MALLOC_ARENA_MAX=2",
          "MALLOC_MMAP_THRESHOLD_=262144",
          "MALLOC_TRIM_THRESHOLD_=1048576",
        ]),
      );
    } finally {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
      await rm(dataDir, { recursive: true, force: true });
    }
  },
);
