/** An operation's page in the OpenAPI document. */
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { ProblemCode } from "../problem.ts";
import { statuses } from "./answer.ts";
import type { Needs } from "./needs.ts";
import { problemSchema } from "./wire.ts";

export type Method = "get" | "post" | "put" | "delete";

/** The chapters of the reference, in their order. */
export const tags = [
  { name: "Accounts", description: "Who you are, and how you prove it." },
  { name: "Teams", description: "Who works together, and in which role." },
  { name: "API keys", description: "How programs prove on whose behalf they act." },
  { name: "Servers", description: "The MCP servers whose traffic is recorded." },
  { name: "Calls", description: "What passed through their proxy URLs." },
  { name: "Audit log", description: "Who changed what, and who came in." },
] as const;

export interface Description {
  /** Unique, camelCase: what generated clients call it. */
  readonly name: string;
  readonly tag: (typeof tags)[number]["name"];
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
  /** Of the caller; undefined for an operation that is open to everyone. */
  readonly needs: Needs | undefined;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly status: number;
  /** What is answered, by media type; empty for an answer without a body. */
  readonly content: Readonly<Record<string, z.ZodType>>;
}

const anyOperation = ["validation_error", "rate_limited", "internal_error", "unavailable"] as const;
const withCredential = ["authentication_required", "invalid_token", "token_expired"] as const;

export function toRoute(
  { name, tag, summary, description = "", problems = [], example }: Description,
  { needs, query, body, headers, status, content }: Shape,
  method: Method,
  path: string,
): RouteConfig {
  const ids = idsOf(path);
  const codes = new Set<ProblemCode>([
    ...anyOperation,
    ...(needs ? withCredential : []),
    ...(needs && (needs.scope !== "anyone" || needs.ofKeys) ? (["forbidden"] as const) : []),
    ...problems,
    ...(ids.length > 0 ? (["resource_not_found"] as const) : []),
    ...(body ? (["payload_too_large"] as const) : []),
  ]);
  const shown = example?.answer === undefined ? {} : { example: example.answer };
  const media = Object.entries(content).map(([type, schema]) => [type, { schema, ...shown }]);
  const params = ids.map((id) => [id, z.uuid().describe("As in the object.")]);
  return createRoute({
    method,
    path,
    operationId: name,
    tags: [tag],
    summary,
    description: [description, ...needed(needs)].filter((part) => part !== "").join("\n\n"),
    ...(example && { "x-example": { query: example.query ?? "", flags: example.flags ?? "" } }),
    security: securityOf(needs),
    request: {
      ...(ids.length > 0 && { params: z.object(Object.fromEntries(params)) }),
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

/** The names of the ids in a path of the route table, in their order. */
export function idsOf(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}

/** In words, for people. */
function needed(needs: Needs | undefined): readonly string[] {
  if (!needs) return ["Needs no credential."];
  const { scope, ofKeys } = needs;
  return [
    scope === "anyone" ? "" : `Needs the scope \`${scope}\`.`,
    ofKeys === "never" ? "API keys may not do this." : "",
    ofKeys && ofKeys !== "never" ? `API keys need the scope \`${ofKeys}\`.` : "",
  ];
}

/** For programs: names of scopes in a requirement that is no OAuth, https://spec.openapis.org/oas/v3.1.0#security-requirement-object. */
function securityOf(needs: Needs | undefined): Record<string, string[]>[] {
  if (!needs) return [];
  const { scope, ofKeys } = needs;
  const scopes = scope === "anyone" ? [] : [scope];
  if (ofKeys === "never") return [{ bearer: scopes }];
  return [{ bearer: scopes }, { apiKey: ofKeys ? [...scopes, ofKeys] : scopes }];
}

/** Codes that share a status share an entry. */
function byStatus(codes: Iterable<ProblemCode>): [number, readonly ProblemCode[]][] {
  return [...Map.groupBy(codes, (code) => statuses[code])].sort(([low], [high]) => low - high);
}

function problemAnswer(codes: readonly ProblemCode[]) {
  return {
    description: codes.map((code) => `\`${code}\``).join(", "),
    content: { "application/json": { schema: problemSchema } },
  };
}
