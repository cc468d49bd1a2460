import { relative } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Unit tests by their nature, but of many thousand cases, slow hashes, full disks, threads or long waits, for `npm run check`
 * has a minute; or of what memory is used, for which each needs a process of its own.
 */
const thorough = [
  "src/access/passwords.test.ts",
  "src/api/auth.test.ts",
  "src/api/control-plane.test.ts",
  "src/api/tenants.test.ts",
  "src/blocks.test.ts",
  "src/capture/capture.test.ts",
  "src/capture/decode.test.ts",
  "src/capture/detach.test.ts",
  "src/capture/held-body.test.ts",
  "src/capture/hostile-input.test.ts",
  "src/capture/redact-gaps.test.ts",
  "src/capture/redact.test.ts",
  "src/capture/stream-decoder.test.ts",
  "src/edge/arrivals.test.ts",
  "src/edge/listener.test.ts",
  "src/edge/ordinary-lines.test.ts",
  "src/fleeting.test.ts",
  "src/host/data-planes.test.ts",
  "src/host/recorder.test.ts",
  "src/http/head-bytes.test.ts",
  "src/ingest/queue.test.ts",
  "src/ingest/spilling.test.ts",
  "src/proxy/relay.test.ts",
  "src/store/sqlite/block.test.ts",
  "src/store/sqlite/salvage.test.ts",
  "src/store/sqlite/segment-gathering.test.ts",
  "src/store/sqlite/text-filter.test.ts",
  "test/build-dashboard.test.ts",
  "test/linear-patterns.test.ts",
];

/** What is true of one data plane and must be of several. */
const severalPlanes = [
  "test/e2e/cancelling.test.ts",
  "test/e2e/recording.test.ts",
  "test/e2e/resumption.test.ts",
  "test/e2e/transparency.test.ts",
];

/** How soon and how smoothly people see what they ask for. */
const dashboardSpeed = ["test/dashboard/many-calls.test.ts"];

/** Half a minute and more, in small files: begun last, as others of their size, they would be waited for by a core that idles. */
const long = [
  "test/store/model.test.ts",
  "src/capture/redact-gaps.test.ts",
  "test/e2e/upgrade.test.ts",
  "test/e2e/durable-calls.test.ts",
  "test/e2e/restart.test.ts",
  "test/conformance/client.test.ts",
  "test/conformance/server.test.ts",
  "test/dashboard/hostile.test.ts",
  "test/dashboard/pages.test.ts",
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) =>
      long.includes(relative(import.meta.dirname, moduleId));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    pool: "forks",
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "dashboard/**/*.test.ts", "test/*.test.ts"],
          exclude: ["test/readme.test.ts", ...thorough],
          // A process runs many, one after the other: to load the same modules for each file took two fifths of the time.
          isolate: false,
          // Thousands of random cases in one test take seconds where other work goes on.
          testTimeout: 30_000,
        },
      },
      { test: { name: "thorough", include: thorough, testTimeout: 60_000 } },
      {
        test: {
          name: "store",
          include: ["test/store/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/proxy/**/*.test.ts", "test/readme.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          // With three data planes, each request on a connection of its own.
          name: "planes",
          include: ["test/planes/**/*.test.ts", ...severalPlanes],
          env: { HOOKWATCH_TEST_DATA_PLANES: "3" },
          setupFiles: ["test/planes/connections.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "conformance",
          include: ["test/conformance/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "dashboard",
          include: ["test/dashboard/**/*.test.ts"],
          exclude: dashboardSpeed,
          globalSetup: ["test/dashboard/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Beside nothing else.
          name: "dashboard-speed",
          include: dashboardSpeed,
          sequence: { groupOrder: 1 },
          globalSetup: ["test/dashboard/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "screenshots",
          include: ["test/dashboard/screenshots.ts"],
          globalSetup: ["test/dashboard/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
