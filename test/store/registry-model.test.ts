/**
 * The registry in SQLite does what the one in memory does, whatever happens in whatever order.
 *
 * 1,000 histories; `HOOKWATCH_TEST_HISTORIES` runs as many as it says, and `HOOKWATCH_TEST_SEED` repeats those of a
 * seed, which a failure prints with the shortest history that fails.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { AuditEntry } from "../../src/audit.ts";
import { verifyChain } from "../../src/store/audit-chain.ts";
import { openMemoryRegistry } from "../../src/store/memory/registry.ts";
import type { Registry, ServerChange } from "../../src/store/registry.ts";
import { openSqliteRegistry } from "../../src/store/sqlite/registry.ts";
import { everything, history, operations, type Step, take } from "./registry/history.ts";
import { addUser, foundingOf } from "./registry/samples.ts";

const histories = Number(process.env.HOOKWATCH_TEST_HISTORIES ?? 1_000);
const seed = process.env.HOOKWATCH_TEST_SEED;
/** Many times what it takes, for machines that have other work. */
const timeLimitMs = Math.max(120_000, histories * 200);

const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "hookwatch-model-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;

/** What came of which operation, in any history. */
const seen = new Set<string>();

test("random histories have the same answers from SQLite and from memory", {
  timeout: timeLimitMs + 30_000,
}, async () => {
  // In a file, the registry is opened anew amid the history.
  await fc.assert(
    fc.asyncProperty(fc.boolean(), history, async (inFile, steps) => compare(inFile, steps)),
    {
      numRuns: histories,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      interruptAfterTimeLimit: timeLimitMs,
      markInterruptAsFailure: true,
    },
  );
});

test.skipIf(histories < 1_000)("the histories met each operation and each refusal", () => {
  const refused = (code: string, names: string) =>
    names.split(" ").map((name) => `${name} ${code}`);
  const expected = [
    ...Object.keys(operations).map(
      (name) => `${name} ${answerless.has(name) ? "nothing" : "done"}`,
    ),
    ...refused(
      "resource_exists",
      "addUser addIdentity addTeam addInvitation addSession rotateSession addSignInLink addKey addServer changeServer",
    ),
    ...refused(
      "resource_not_found",
      "addIdentity addTeam addInvitation addSession changeSession addSignInLink addKey addServer",
    ),
    ...refused("plan_limit_reached", "addTeam addInvitation addKey addServer"),
    ...refused("forbidden", "setRole removeMember addInvitation"),
    ...refused(
      "nothing",
      "setPasswordHash changeTeam setRole removeMember acceptInvitation rotateSession removeServer",
    ),
    "rotateSession reused",
  ];
  expect(expected.filter((each) => !seen.has(each))).toEqual([]);
});

/** These resolve to nothing when they succeed. */
const answerless: ReadonlySet<string> = new Set(
  (
    "addUser upgradePasswordHash addIdentity addTeam addInvitation addSession addSignInLink addKey " +
    "noteKeyUse addServer forgetServer addUsage addAudit"
  ).split(" "),
);

async function compare(inFile: boolean, steps: readonly Step[]): Promise<void> {
  const path = inFile ? join(root, `${files++}`, "registry.db") : ":memory:";
  await using memory = openMemoryRegistry();
  let sqlite = openSqliteRegistry(path);
  try {
    for (const registry of [memory, sqlite]) {
      await registry.bootstrap(foundingOf("a"));
      await addUser(registry, "b");
    }
    let [ours, theirs] = [await watched(memory), await watched(sqlite)];
    for (const [index, step] of [...steps, ...everything()].entries()) {
      const expected = await take(memory, step);
      const found = await take(sqlite, step);
      if (!isDeepStrictEqual(found, expected)) expect(found, `step ${index}`).toEqual(expected);
      if (step.name === "audit" && isWhole(step.given[1]))
        expect(verifyChain((found as readonly AuditEntry[]).toReversed())).toBeUndefined();
      seen.add(`${step.name} ${outcome(found)}`);
      if (!isDeepStrictEqual(theirs, ours)) expect(theirs, `told by ${index}`).toEqual(ours);
      if (inFile && index % 10 === 9) {
        await sqlite[Symbol.asyncDispose]();
        sqlite = openSqliteRegistry(path);
        [ours, theirs] = [await watched(memory), await watched(sqlite)];
      }
    }
  } finally {
    await sqlite[Symbol.asyncDispose]();
    if (inFile) rmSync(join(path, ".."), { recursive: true, force: true });
  }
}

/** What a watcher is told from now on: what is there at the start is in no order. */
async function watched(registry: Registry): Promise<ServerChange[]> {
  const told: ServerChange[] = [];
  await registry.watchServers((change) => void told.push(change));
  return told.sort((a, b) => (a.server.id < b.server.id ? -1 : 1));
}

function isWhole(asked: { readonly limit: number } & object): boolean {
  return asked.limit === 1_000;
}

function outcome(answer: unknown): string {
  if (answer === undefined || answer === false) return "nothing";
  if (typeof answer !== "object" || answer === null) return "done";
  if ("refused" in answer) return String(answer.refused);
  return "kind" in answer && answer.kind === "reused" ? "reused" : "done";
}
