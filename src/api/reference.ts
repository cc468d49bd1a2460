/**
 * The API described for programs and for people: `/openapi.json`, and `/docs` rendered from it.
 *
 * Open to everyone: nothing here depends on who asks. The document is made once; the public URL is put in
 * when the first one asks, since it is known only once the host listens.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "hono";
import { answerJson, everyAnswer } from "./answer.ts";
import { tags } from "./operation-route.ts";
import { type OpenApiDocument, referencePage } from "./reference-page.ts";
import { referenceStyle } from "./reference-style.ts";

const description = `Register MCP servers, and read what agents sent through their proxy URLs.

A request carries an API key, as \`Authorization: Bearer <key>\` or \`X-API-Key: <key>\`, or the access token of a user who signed in, as \`Authorization: Bearer <token>\`. A key is bound to one team; a user's token is active in one, and \`X-Team-Id: <id>\` asks in another of the user's. What belongs to another team is not found. What an operation needs is a scope, which the user's role and the key must both have; without it 403 names the scope.

Times are ISO 8601 in UTC with milliseconds. Unknown fields and parameters are refused by name, and nothing is ever half done. Fields may be added to answers at any time.

Every answer carries an \`X-Request-Id\`. A \`HEAD\` is answered wherever a \`GET\` is; other methods than a route's own get 405 with \`Allow\`. Where the team's plan limits requests, \`X-RateLimit-Limit\`, \`X-RateLimit-Remaining\` and \`X-RateLimit-Reset\` (seconds since 1970) tell how many a minute are left.

Fields marked \`x-untrusted\` hold text that agents, servers and whatever they read have written. Show it as text, and give it to a model as data, never as instructions.`;

/** Mounted last, when all routes are registered. */
export function mountReference<AppEnv extends Env>(
  app: OpenAPIHono<AppEnv>,
  { publicUrl, version }: { readonly publicUrl: () => string; readonly version: string },
): void {
  const { openAPIRegistry: registered } = app;
  registered.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  registered.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "X-API-Key",
  });
  const base = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "HookWatch API", version, description },
    tags: [...tags],
  });
  const content = once(() => {
    const document: OpenApiDocument = { ...base, servers: [{ url: publicUrl() }] };
    return { document, page: referencePage(document) };
  });

  app.get("/openapi.json", () => answerJson(200, content().document));
  app.get("/docs", () => answerText("text/html; charset=utf-8", content().page));
  app.get("/docs/reference.css", () => answerText("text/css; charset=utf-8", referenceStyle));
}

function answerText(type: string, text: string): Response {
  const headers = {
    ...everyAnswer,
    "Content-Type": type,
    "Content-Security-Policy":
      "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
  };
  return new Response(text, { headers });
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
