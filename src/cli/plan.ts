/**
 * `hookwatch plan <team id> <plan>`: puts a team on another plan. The host may run meanwhile: the registry takes
 * several processes, and what the plan allows holds within 5 s.
 */
import { existsSync } from "node:fs";
import { systemClock } from "../clock.ts";
import { Plans } from "../host/plans.ts";
import { openRegistry, storeFiles } from "../host/stores.ts";
import { isUuid } from "../id.ts";
import { invalid, Problem } from "../problem.ts";
import { type Command, done, storeArguments, storeSettingsHelp } from "./command.ts";

export const plan: Command = {
  form: "plan <team id> <plan>",
  summary: "put a team on another plan, while the host runs, too",
  help: `The plan is one of the file that the host is started with. Nothing is taken from a team
that has more than the new plan allows; it gets no more of it.

${storeSettingsHelp}
  --plans-file     HOOKWATCH_PLANS_FILE, default: the plan "default" alone`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { config, words } = storeArguments(args, ["team id", "plan"], ["plansFile"]);
  const [teamId = "", name = ""] = words;
  const { registry: file } = storeFiles(config);
  if (file === undefined || !existsSync(file)) {
    const message = `there are no teams in ${file ?? config.registryUrl}; start the host first`;
    throw new Problem("unavailable", message);
  }
  if (!isUuid(teamId)) throw invalid({ field: "team id", message: "must be a UUID, lower case" });
  await using registry = openRegistry(config.registryUrl, config.dataDir);
  const { names } = new Plans(config, registry);
  if (!names.includes(name)) {
    throw invalid({ field: "plan", message: `"${name}" is none of ${names.join(", ")}` });
  }
  const before = await registry.findTeam(teamId);
  const team = await registry.changeTeam(
    teamId,
    { plan: name },
    {
      ...{ teamId, action: "team.plan_changed", sourceIp: "", subjectId: "" },
      details: { old_plan: before?.plan ?? null, new_plan: name },
      atMs: systemClock.nowMs(),
    },
  );
  if (!before || !team) throw new Problem("resource_not_found", `there is no team ${teamId}`);
  process.stdout.write(
    `the team "${team.name}" was on ${before.plan} and is on ${team.plan} now\n`,
  );
  return done;
}
