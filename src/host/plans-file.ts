/**
 * The file of plans (`HOOKWATCH_PLANS_FILE`): a JSON array, the first of which is the plan of new teams. See
 * docs/plans.example.json.
 *
 * In: the path. Out: plans. Guarantees: what is wrong is told by file, plan and field, all of it at once; a misspelt
 * field is wrong, not without a limit. Bounds: 1 MiB, 100 plans.
 */
import { readFileSync, statSync } from "node:fs";
import { z } from "@hono/zod-openapi";
import type { Plan } from "../plan.ts";
import { type FieldProblem, Problem } from "../problem.ts";

const fileMaxBytes = 1_048_576;
const plansMax = 100;
const limitMax = 1_000_000_000_000;

const limit = z.int().min(0).max(limitMax).default(0);
const planSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, {
    error: "must be 1 to 40 characters of a–z, 0–9, - and _, the first a letter or digit",
  }),
  servers_max: limit,
  keys_max: limit,
  calls_per_month: limit,
  retention_days: limit,
  api_requests_per_minute: limit,
});
const fileSchema = z.array(planSchema).min(1).max(plansMax);

/** @throws Problem `validation_error` — the file cannot be read, or says something that is no plan. */
export function readPlansFile(path: string): readonly [Plan, ...Plan[]] {
  const given = parseJson(path, read(path));
  const parsed = fileSchema.safeParse(given);
  if (!parsed.success)
    throw wrong(path, ...parsed.error.issues.map((issue) => sentence(issue, given)));
  const [first, ...others] = parsed.data.map(toPlan);
  const names = parsed.data.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined || !first) throw wrong(path, `two plans are named "${twice}"`);
  return [first, ...others];
}

function read(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > fileMaxBytes)
      throw wrong(path, `is ${size} bytes long, the limit is ${fileMaxBytes}`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw wrong(path, `cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong(path, `must be JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** `plan 2 ("pro"): servers_max: …`. */
function sentence({ path: [index, field], message }: z.core.$ZodIssue, given: unknown): string {
  if (typeof index !== "number") return `must be a list of 1 to ${plansMax} plans`;
  const plan: unknown = Array.isArray(given) ? given[index] : undefined;
  const name = (plan as { readonly name?: unknown } | null)?.name;
  const shown = typeof name === "string" ? ` (${JSON.stringify(name.slice(0, 40))})` : "";
  const what = field === undefined ? "" : `${String(field)}: `;
  return `plan ${index + 1}${shown}: ${what}${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function wrong(path: string, ...sentences: readonly string[]): Problem {
  const field = "HOOKWATCH_PLANS_FILE";
  const details: FieldProblem[] = sentences.map((text) => ({ field, message: `${path}: ${text}` }));
  return new Problem("validation_error", `${field}: ${details[0]?.message}`, { details });
}

function toPlan(row: z.output<typeof planSchema>): Plan {
  return {
    name: row.name,
    serversMax: row.servers_max,
    keysMax: row.keys_max,
    callsPerMonth: row.calls_per_month,
    retentionDays: row.retention_days,
    apiRequestsPerMinute: row.api_requests_per_minute,
  };
}
