/** An operation's page in the OpenAPI document. */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { ProblemCode } from "../problem.ts";
import { statuses } from "./answer.ts";
import { problemSchema } from "./wire.ts";

export type Method = "get" | "post" | "put" | "delete";

export interface Description {
  /** Unique, camelCase: what generated clients call it. */
  readonly name: string;
  readonly tag: "Servers" | "Calls";
  readonly summary: string;
  readonly description?: string;
  /** Codes it may answer with beyond those that any operation may. */
  readonly problems?: readonly ProblemCode[];
  readonly example?: Example;
}

export interface Example {
  /** What follows the path, from "?" on. */
  readonly query?: string;
  /** For curl, beyond those it always takes. */
  readonly flags?: string;
  /** The body of the answer. */
  readonly answer?: unknown;
}

export interface Shape {
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly status: number;
  /** What is answered, by media type; empty for an answer without a body. */
  readonly content: Readonly<Record<string, z.ZodType>>;
}

const anyOperation: readonly ProblemCode[] = [
  "validation_error",
  "authentication_required",
  "invalid_token",
  "internal_error",
  "unavailable",
];

export function toRoute(
  { name, tag, summary, description, problems = [], example }: Description,
  { query, body, headers, status, content }: Shape,
  method: Method,
  path: string,
): RouteConfig {
  const withId = path.includes("{id}");
  const codes = [
    ...anyOperation,
    ...problems,
    ...(withId ? (["resource_not_found"] as const) : []),
    ...(body ? (["payload_too_large"] as const) : []),
  ];
  const shown = example?.answer === undefined ? {} : { example: example.answer };
  const media = Object.entries(content).map(([type, schema]) => [type, { schema, ...shown }]);
  return createRoute({
    method,
    path,
    operationId: name,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(example && { "x-example": { query: example.query ?? "", flags: example.flags ?? "" } }),
    security: [{ bearer: [] }, { apiKey: [] }],
    request: {
      ...(withId && { params: z.object({ id: z.uuid().describe("As in the object.") }) }),
      ...(query && { query }),
      ...(headers && { headers }),
      ...(body && { body: { required: true, content: { "application/json": { schema: body } } } }),
    },
    responses: {
      [status]:
        media.length > 0
          ? { description: "Done.", content: Object.fromEntries(media) }
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
