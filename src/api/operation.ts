/**
 * One entry of the route table: what it takes and needs, what it answers, what it does, and its page in the
 * OpenAPI document, all from one declaration.
 *
 * In: a request whose caller is known, unless it is open to everyone. Out: a response, or a thrown `Problem`. Order: the ids in
 * the path, what the caller may, the query, the header fields, the body, after it what the caller may by then, and `run`, which
 * sees parsed values only. The validators of `@hono/zod-openapi` are not used: they answer 415 for a content type, merge repeated
 * parameters and drop `__proto__`, where product promises a 400 that names the field.
 */
import assert from "node:assert/strict";
import { type RouteConfig, z } from "@hono/zod-openapi";
import type { Caller } from "../caller.ts";
import { invalid, Problem } from "../problem.ts";
import { answerJson, answerNothing } from "./answer.ts";
import { readJsonObject } from "./body.ts";
import type { Connection, OpenConnection } from "./connection.ts";
import { parseFields } from "./fields.ts";
import { demand, type Needs } from "./needs.ts";
import { type Description, idsOf, type Method, toRoute } from "./operation-route.ts";
import { parseUuid, readQuery } from "./query-fields.ts";

/** Texts from the path by their names in it. */
export type PathIds = Readonly<Record<string, string>>;

export type Operation = ClosedOperation | OpenOperation;

interface ClosedOperation extends Routed {
  readonly open: false;
  answer(request: Request, connection: Connection, ids: PathIds): Promise<Response>;
}

/** Asked without a credential; one that comes with it is not looked at. */
interface OpenOperation extends Routed {
  readonly open: true;
  answer(request: Request, connection: OpenConnection): Promise<Response>;
}

interface Routed {
  /** Its description at a place of the route table. */
  toRoute(method: Method, path: string): RouteConfig;
}

interface Taken<Query extends z.ZodObject, Body extends z.ZodObject, Result extends z.ZodType>
  extends Description {
  readonly query?: Query;
  readonly body?: Body;
  /** Absent: 204 without a body. */
  readonly result?: Result;
  readonly created?: true;
  /** What was asked for goes on after the answer: 202. */
  readonly accepted?: true;
}

interface Declaration<
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  Result extends z.ZodType,
  Id extends string,
> extends Taken<Query, Body, Result> {
  readonly needs: Needs;
  /** The ids in its path. */
  readonly ids?: readonly Id[];
  /** `{id}` names a team of the caller's, and it is that team which `needs` and `run` are about. */
  readonly inTeam?: true;
  readonly run: (asked: Asked<z.output<Query>, z.output<Body>, Id>) => Promise<z.input<Result>>;
}

/** The ids of the path arrive by their names, each a lower-case UUID. */
type Asked<Query, Body, Id extends string> = OpenlyAsked<Query, Body> & {
  readonly caller: Caller;
  /** The team that requests of this caller are about unless their path names one. */
  readonly activeTeamId: string;
} & { readonly [Name in Id]: string };

interface OpenlyAsked<Query, Body> {
  readonly query: Query;
  readonly body: Body;
  /** The client's address. */
  readonly sourceIp: string;
  /** Header fields of the request. */
  readonly head: Headers;
  /** For header fields that the answer shall have beyond its own. */
  readonly answerHead: Headers;
  /** Raised when the client leaves: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

const nothing = z.strictObject({});

export function operation<
  Query extends z.ZodObject = typeof nothing,
  Body extends z.ZodObject = typeof nothing,
  Result extends z.ZodType = z.ZodVoid,
  Id extends string = never,
>(declaration: Declaration<Query, Body, Result, Id>): Operation {
  const { ids: names = [], needs, inTeam, run } = declaration;
  return {
    open: false,
    toRoute: (method, path) => {
      assert.deepEqual(idsOf(path), names, `${path} has other ids than its operation`);
      return describe(declaration, needs, method, path);
    },
    answer: async (request, connection, texts) => {
      const ids = parseIds(names, texts);
      const { id = "" } = ids as Readonly<{ id?: string }>;
      const admit = async (known: Caller) => {
        const caller = inTeam ? await connection.inTeam(known, id) : known;
        demand(caller, needs);
        return caller;
      };
      const admitted = await admit(connection.caller);
      const activeTeamId = connection.caller.teamId;
      return answer(declaration, request, connection, async (asked) => {
        // A body may come slowly, and what its sender may do goes meanwhile.
        const caller = declaration.body ? await admit(await connection.recheck()) : admitted;
        return run({ ...asked, ...ids, caller, activeTeamId });
      });
    },
  };
}

interface OpenDeclaration<
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  Result extends z.ZodType,
> extends Taken<Query, Body, Result> {
  readonly run: (asked: OpenlyAsked<z.output<Query>, z.output<Body>>) => Promise<z.input<Result>>;
}

/** An operation for those who have no credential yet. */
export function openOperation<
  Query extends z.ZodObject = typeof nothing,
  Body extends z.ZodObject = typeof nothing,
  Result extends z.ZodType = z.ZodVoid,
>(declaration: OpenDeclaration<Query, Body, Result>): Operation {
  return {
    open: true,
    toRoute: (method, path) => describe(declaration, undefined, method, path),
    answer: (request, connection) => answer(declaration, request, connection, declaration.run),
  };
}

async function answer<
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  Result extends z.ZodType,
>(
  declaration: Taken<Query, Body, Result>,
  request: Request,
  { sourceIp }: OpenConnection,
  run: (asked: OpenlyAsked<z.output<Query>, z.output<Body>>) => Promise<z.input<Result>>,
): Promise<Response> {
  const { query = nothing, body, result } = declaration;
  const answerHead = new Headers();
  const value = await run({
    query: readQuery(query, request.url) as z.output<Query>,
    body: (body ? parseFields(body, await readJsonObject(request)) : {}) as z.output<Body>,
    ...{ sourceIp, head: request.headers, answerHead },
    signal: request.signal,
  });
  const response = result ? answerJson(statusOf(declaration), value) : answerNothing();
  for (const [name, field] of answerHead) response.headers.append(name, field);
  return response;
}

function describe(
  declaration: Taken<z.ZodObject, z.ZodObject, z.ZodType>,
  needs: Needs | undefined,
  method: Method,
  path: string,
): RouteConfig {
  const { query, body, result } = declaration;
  const content = result ? { "application/json": result } : {};
  const shape = { ...(query && { query }), ...(body && { body }), content };
  return toRoute(declaration, { ...shape, needs, status: statusOf(declaration) }, method, path);
}

function statusOf({
  result,
  created,
  accepted,
}: Pick<Taken<z.ZodObject, z.ZodObject, z.ZodType>, "result" | "created" | "accepted">): number {
  if (!result) return 204;
  if (accepted) return 202;
  return created ? 201 : 200;
}

interface StreamingDeclaration<Query extends z.ZodObject, Fields extends z.ZodObject>
  extends Description {
  readonly needs: Needs;
  readonly query: Query;
  /** Request header fields, by their names. */
  readonly headers?: Fields;
  /** What is answered, by media type. */
  readonly content: Readonly<Record<string, z.ZodType>>;
  readonly run: (asked: {
    readonly query: z.output<Query>;
    readonly fields: z.output<Fields>;
    readonly connection: Connection;
    readonly signal: AbortSignal;
  }) => Promise<Response>;
}

/** An operation whose answer goes on: `run` makes the whole response. */
export function streaming<Query extends z.ZodObject, Fields extends z.ZodObject = typeof nothing>(
  declaration: StreamingDeclaration<Query, Fields>,
): ClosedOperation {
  const { needs, query, headers, run } = declaration;
  return {
    open: false,
    toRoute: (...place) => toRoute(declaration, { ...declaration, status: 200 }, ...place),
    answer: async (request, connection) => {
      demand(connection.caller, needs);
      return run({
        connection,
        query: readQuery(query, request.url) as z.output<Query>,
        fields: readFields(headers ?? nothing, request.headers) as z.output<Fields>,
        signal: request.signal,
      });
    },
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

function parseIds<Id extends string>(names: readonly Id[], texts: PathIds) {
  const ids = names.map((name) => [name, parsePathId(name, texts[name] ?? "")] as const);
  return Object.fromEntries(ids) as { readonly [Name in Id]: string };
}

function parsePathId(field: string, text: string): string {
  try {
    return parseUuid(text);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw invalid({ field, message: error.details[0]?.message ?? error.message });
  }
}
