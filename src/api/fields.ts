/**
 * Input from outside against a schema: everything wrong with it at once, each field by its name.
 *
 * In: a flat object of unknown values. Out: what the schema makes of it. Guarantees: a name that is no
 * own key of the schema is refused, `__proto__` and `constructor` included. At most 50 problems are
 * told, and of a foreign value or name never more than 100 characters.
 */
import { z } from "@hono/zod-openapi";
import { type FieldProblem, invalid, Problem } from "../problem.ts";

const problemsMax = 50;
const quotedMaxLength = 100;

/** @throws Problem `validation_error` — unknown, missing or wrong fields, all of them. */
export function parseFields<Schema extends z.ZodObject>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
): z.output<Schema> {
  const known = Object.keys(schema.shape);
  const unknown: FieldProblem[] = [];
  const expected: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (known.includes(name)) expected[name] = value;
    else if (unknown.length < problemsMax) unknown.push(unknownField(name, known));
  }
  const parsed = schema.safeParse(expected);
  if (parsed.success && unknown.length === 0) return parsed.data;
  const wrong = parsed.error?.issues.map(toFieldProblem(expected)) ?? [];
  throw invalid(...[...unknown, ...wrong].slice(0, problemsMax));
}

/** A step of a schema: runs a parser that throws a `validation_error`, and reports it as the field's. */
export function checked<In, Out>(parse: (value: In) => Out) {
  return (value: In, context: z.RefinementCtx): Out => {
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const message = error.details[0]?.message ?? error.message;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
  };
}

/** A foreign value as it may stand in a message. */
export function quoted(value: string): string {
  return JSON.stringify(
    value.length > quotedMaxLength ? `${value.slice(0, quotedMaxLength)}…` : value,
  );
}

function unknownField(name: string, known: readonly string[]): FieldProblem {
  const expected = known.length === 0 ? "nothing is expected here" : `known: ${known.join(", ")}`;
  const field = name.length > quotedMaxLength ? `${name.slice(0, quotedMaxLength)}…` : name;
  return { field, message: `is unknown, ${expected}` };
}

function toFieldProblem(values: Readonly<Record<string, unknown>>) {
  return (issue: z.core.$ZodIssue): FieldProblem => {
    const field = String(issue.path[0] ?? "body");
    if (issue.code !== "invalid_type") return { field, message: issue.message };
    if (!Object.hasOwn(values, field)) return { field, message: "is required" };
    return { field, message: `must be a ${issue.expected}` };
  };
}
