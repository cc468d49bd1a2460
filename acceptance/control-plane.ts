/** Q23: limits hold to the unit under parallel requests, and 1,000 random sequences of them get what a model says. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { findAuditDamage } from "../src/store/sqlite/audit-verification.ts";
import { ApiModel, limit } from "./api-model.ts";
import { type Step, steps, targets } from "./api-steps.ts";
import { ApiUsers } from "./api-users.ts";
import { HostProcess } from "./host-process.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";

const parallel = 50;
const rounds = 10;

export async function controlPlane(run: Run): Promise<void> {
  const sequences = run.amount("times", 1_000, 1_000, "sequences");
  await using scratch = await makeScratch("control-plane");
  const plansFile = join(scratch.path, "plans.json");
  const dataDir = join(scratch.path, "data");
  writeFileSync(
    plansFile,
    JSON.stringify([{ name: "small", servers_max: limit, keys_max: limit }]),
  );
  const environment = { HOOKWATCH_PLANS_FILE: plansFile, HOOKWATCH_SIGNUP: "open" };
  {
    await using host = await HostProcess.start({ dataDir, environment });
    const users = await ApiUsers.register(host.url);
    await parallelCreates(run, users);
    await randomSequences(run, users, sequences);
    await host.stop();
  }
  const damage = findAuditDamage(join(dataDir, "registry.db"));
  run.check(
    "the audit log is whole",
    damage.join("; ") || "every chain follows",
    damage.length === 0,
  );
}

async function parallelCreates(run: Run, users: ApiUsers): Promise<void> {
  const things = {
    "/v1/mcp/servers": { name: "a server", target_url: targets[0] },
    "/v1/api-keys": { name: "a key" },
  };
  for (const [path, body] of Object.entries(things)) {
    const seen: string[] = [];
    for (let round = 0; round < rounds; round++) {
      await users.restored();
      const asking = Array.from({ length: parallel }, () =>
        users.ask("a", "a", "POST", path, body),
      );
      const answers = await Promise.all(asking);
      const made = answers.filter(({ status }) => status === 201).length;
      const refused = answers.filter(
        ({ status, body: refusal }) =>
          status === 403 && refusal.error?.code === "plan_limit_reached",
      ).length;
      const listed = (await users.ask("a", "a", "GET", path)).body.total;
      seen.push(`${made} × 201, ${refused} × 403, ${listed} listed`);
    }
    const expected = `${limit} × 201, ${parallel - limit} × 403, ${limit} listed`;
    const others = seen.filter((each) => each !== expected);
    run.check(
      `Q23 ${parallel} parallel creates at limit ${limit}: ${path}`,
      others[0] ?? `${expected}, ${rounds} times over`,
      others.length === 0,
    );
  }
}

async function randomSequences(run: Run, users: ApiUsers, sequences: number): Promise<void> {
  const met = new Map<string, number>();
  const property = fc.asyncProperty(steps, async (sequence) => {
    await users.restored();
    const model = new ApiModel();
    for (const [index, step] of sequence.entries()) {
      const [expected, found] = [model.take(step), await users.take(step)];
      const what = `${step.kind} ${found.code ?? found.status}`;
      met.set(what, (met.get(what) ?? 0) + 1);
      if (!isDeepStrictEqual(found, expected))
        throw new Error(difference(index, step, { found, expected }));
    }
  });
  const result = await fc.check(property, { numRuns: sequences });
  const requests = [...met.values()].reduce((sum, count) => sum + count, 0);
  const [rarest] = [...met].sort(([, a], [, b]) => a - b);
  run.note(`${met.size} different outcomes; the rarest, ${rarest?.[0]}, ${rarest?.[1]} times`);
  run.check(
    "Q23 random sequences match the model",
    result.failed
      ? `${result.errorInstance} after ${JSON.stringify(result.counterexample)}, seed ${result.seed}`
      : `${result.numRuns} sequences of ${requests} requests`,
    !result.failed && result.numRuns === sequences,
  );
}

function difference(index: number, step: Step, answers: object): string {
  return `step ${index} ${JSON.stringify(step)}: ${JSON.stringify(answers)}`;
}
