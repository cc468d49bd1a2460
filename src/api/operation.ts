/**
 * One entry of the route table: what it takes, what it answers, what it does, and its page in the
 * OpenAPI document, all from one declaration.
 *
 * In: a request whose caller is known. Out: a response, or a thrown `Problem`. Order: the id in the path,
 * the query, the body, then `run`, which sees parsed values only. The validators of
 * `@hono/zod-openapi` are not used: they answer 415 for a content type, merge repeated parameters and drop
 * `__proto__`, where product promises a 400 that names the field.
 */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import { invalid, Problem, type ProblemCode } from "../problem.ts";
import type { Caller } from "../team.ts";
import { answerJson, answerNothing, statuses } from "./answer.ts";
import { readJsonObject } from "./body.ts";
import { parseFields } from "./fields.ts";
import { parseUuid, readQuery } from "./query-fields.ts";
import { problemSchema } from "./wire.ts";

export type Method = "get" | "post" | "put" | "delete";

export interface Operation {
  /** Its description at a place of the route table. */
  toRoute(method: Method, path: string): RouteConfig;
  answer(request: Request, caller: Caller, pathId: string | undefined): Promise<Response>;
}

interface Declaration<
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  Result extends z.ZodType,
> {
  /** Unique, camelCase: what generated clients call it. */
  readonly name: string;
  readonly tag: "Servers" | "Calls";
  readonly summary: string;
  readonly description?: string;
  readonly query?: Query;
  readonly body?: Body;
  /** Absent: 204 without a body. */
  readonly result?: Result;
  readonly created?: true;
  /** Codes it may answer with beyond those that any operation may. */
  readonly problems?: readonly ProblemCode[];
  readonly run: (asked: Asked<z.output<Query>, z.output<Body>>) => Promise<z.input<Result>>;
}

interface Asked<Query, Body> {
  readonly caller: Caller;
  /** The `{id}` of the path, a lower-case UUID; empty where the path has none. */
  readonly id: string;
  readonly query: Query;
  readonly body: Body;
}

const nothing = z.strictObject({});
const anyOperation: readonly ProblemCode[] = [
  "validation_error",
  "authentication_required",
  "invalid_token",
  "internal_error",
  "unavailable",
];

export function operation<
  Query extends z.ZodObject = typeof nothing,
  Body extends z.ZodObject = typeof nothing,
  Result extends z.ZodType = z.ZodVoid,
>(declaration: Declaration<Query, Body, Result>): Operation {
  const { query = nothing, body, result, created, run } = declaration;
  const status = result ? (created ? 201 : 200) : 204;
  return {
    toRoute: (method, path) => toRoute(declaration, method, path, status),
    async answer(request, caller, pathId) {
      const value = await run({
        caller,
        id: pathId === undefined ? "" : parsePathId(pathId),
        query: readQuery(query, request.url) as z.output<Query>,
        body: (body ? parseFields(body, await readJsonObject(request)) : {}) as z.output<Body>,
      });
      return result ? answerJson(status, value) : answerNothing();
    },
  };
}

/** What a lookup that found nothing throws; the same for what is foreign and what never was. */
export function found<Value>(value: Value | undefined, what: string): Value {
  if (value !== undefined) return value;
  throw new Problem("resource_not_found", `${what} not found`);
}

function parsePathId(text: string): string {
  try {
    return parseUuid(text);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw invalid({ field: "id", message: error.details[0]?.message ?? error.message });
  }
}

function toRoute(
  declaration: Declaration<z.ZodObject, z.ZodObject, z.ZodType>,
  method: Method,
  path: string,
  status: number,
): RouteConfig {
  const { name, tag, summary, description, query, body, result, problems = [] } = declaration;
  const withId = path.includes("{id}");
  const codes = [
    ...anyOperation,
    ...problems,
    ...(withId ? (["resource_not_found"] as const) : []),
    ...(body ? (["payload_too_large"] as const) : []),
  ];
  return createRoute({
    method,
    path,
    operationId: name,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: [{ bearer: [] }, { apiKey: [] }],
    request: {
      ...(withId && { params: z.object({ id: z.uuid().describe("As in the object.") }) }),
      ...(query && { query }),
      ...(body && { body: { required: true, content: { "application/json": { schema: body } } } }),
    },
    responses: {
      [status]: result
        ? { description: "Done.", content: { "application/json": { schema: result } } }
        : { description: "Done; no body." },
      ...Object.fromEntries(byStatus(codes).map(([code, names]) => [code, problemAnswer(names)])),
    },
  });
}

/** Codes that share a status share an entry. */
function byStatus(codes: readonly ProblemCode[]): [number, readonly ProblemCode[]][] {
  return [...Map.groupBy(codes, (code) => statuses[code])].sort(([low], [high]) => low - high);
}

function problemAnswer(codes: readonly ProblemCode[]) {
  return {
    description: codes.map((code) => `\`${code}\``).join(", "),
    content: { "application/json": { schema: problemSchema } },
  };
}
