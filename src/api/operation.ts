/**
 * One entry of the route table: what it takes, what it answers, what it does, and its page in the
 * OpenAPI document, all from one declaration.
 *
 * In: a request whose caller is known. Out: a response, or a thrown `Problem`. Order: the id in the path,
 * the query, the header fields, the body, then `run`, which sees parsed values only. The validators of
 * `@hono/zod-openapi` are not used: they answer 415 for a content type, merge repeated parameters and drop
 * `__proto__`, where product promises a 400 that names the field.
 */
import { type RouteConfig, z } from "@hono/zod-openapi";
import { invalid, Problem } from "../problem.ts";
import type { Caller } from "../team.ts";
import { answerJson, answerNothing } from "./answer.ts";
import { readJsonObject } from "./body.ts";
import type { Connection } from "./connection.ts";
import { parseFields } from "./fields.ts";
import { type Description, type Method, toRoute } from "./operation-route.ts";
import { parseUuid, readQuery } from "./query-fields.ts";

export interface Operation {
  /** Its description at a place of the route table. */
  toRoute(method: Method, path: string): RouteConfig;
  answer(request: Request, connection: Connection, pathId: string | undefined): Promise<Response>;
}

interface Declaration<Query extends z.ZodObject, Body extends z.ZodObject, Result extends z.ZodType>
  extends Description {
  readonly query?: Query;
  readonly body?: Body;
  /** Absent: 204 without a body. */
  readonly result?: Result;
  readonly created?: true;
  readonly run: (asked: Asked<z.output<Query>, z.output<Body>>) => Promise<z.input<Result>>;
}

interface Asked<Query, Body> {
  readonly caller: Caller;
  /** The `{id}` of the path, a lower-case UUID; empty where the path has none. */
  readonly id: string;
  readonly query: Query;
  readonly body: Body;
  /** Raised when the client leaves: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

const nothing = z.strictObject({});

export function operation<
  Query extends z.ZodObject = typeof nothing,
  Body extends z.ZodObject = typeof nothing,
  Result extends z.ZodType = z.ZodVoid,
>(declaration: Declaration<Query, Body, Result>): Operation {
  const { query = nothing, body, result, created, run } = declaration;
  const status = result ? (created ? 201 : 200) : 204;
  const content = result ? { "application/json": result } : {};
  return {
    toRoute: (...place) => toRoute(declaration, { ...declaration, status, content }, ...place),
    async answer(request, { caller }, pathId) {
      const value = await run({
        caller,
        id: pathId === undefined ? "" : parsePathId(pathId),
        query: readQuery(query, request.url) as z.output<Query>,
        body: (body ? parseFields(body, await readJsonObject(request)) : {}) as z.output<Body>,
        signal: request.signal,
      });
      return result ? answerJson(status, value) : answerNothing();
    },
  };
}

interface StreamingDeclaration<Query extends z.ZodObject, Fields extends z.ZodObject>
  extends Description {
  readonly query: Query;
  /** Request header fields, by their names. */
  readonly headers?: Fields;
  /** What is answered, by media type. */
  readonly content: Readonly<Record<string, z.ZodType>>;
  readonly run: (
    asked: Pick<Asked<z.output<Query>, unknown>, "query" | "signal"> & {
      readonly fields: z.output<Fields>;
      readonly connection: Connection;
    },
  ) => Promise<Response>;
}

/** An operation whose answer goes on: `run` makes the whole response. */
export function streaming<Query extends z.ZodObject, Fields extends z.ZodObject = typeof nothing>(
  declaration: StreamingDeclaration<Query, Fields>,
): Operation {
  const { query, headers, run } = declaration;
  return {
    toRoute: (...place) => toRoute(declaration, { ...declaration, status: 200 }, ...place),
    answer: async (request, connection) =>
      run({
        connection,
        query: readQuery(query, request.url) as z.output<Query>,
        fields: readFields(headers ?? nothing, request.headers) as z.output<Fields>,
        signal: request.signal,
      }),
  };
}

/** Those of the schema; an empty one is as good as none. */
function readFields(schema: z.ZodObject, headers: Headers): unknown {
  const given = Object.keys(schema.shape).map((name) => [name, headers.get(name) ?? ""] as const);
  return parseFields(schema, Object.fromEntries(given.filter(([, value]) => value !== "")));
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
