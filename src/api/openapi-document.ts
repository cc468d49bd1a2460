/**
 * The OpenAPI document of what is mounted, made an operation a turn of the event loop: all at once it would hold up
 * everybody's calls for a tenth of a second and more.
 */
import { setImmediate as turn } from "node:timers/promises";
import { OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { Env } from "hono";

export type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;
type Head = Parameters<OpenAPIHono["getOpenAPI31Document"]>[0];

const securitySchemes = {
  bearer: { type: "http", scheme: "bearer" },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
} as const;

/** @param head - all but the paths and what they refer to. */
export async function openApiDocument<AppEnv extends Env>(
  { openAPIRegistry: { definitions } }: OpenAPIHono<AppEnv>,
  head: Head,
): Promise<OpenApiDocument> {
  const paths: NonNullable<OpenApiDocument["paths"]> = {};
  const components: Record<string, object> = { securitySchemes };
  for (const definition of definitions) {
    if (definition.type !== "route") continue;
    const part = ofOperation(definition.route, head);
    for (const [path, methods] of Object.entries(part.paths ?? {}))
      paths[path] = { ...paths[path], ...methods };
    for (const [kind, named] of Object.entries(part.components ?? {}))
      components[kind] = { ...components[kind], ...named };
    await turn();
  }
  return { ...head, components, paths };
}

function ofOperation(route: RouteConfig, head: Head): OpenApiDocument {
  const alone = new OpenAPIHono();
  alone.openAPIRegistry.registerPath(route);
  return alone.getOpenAPI31Document(head);
}
