/**
 * The API described for programs and for people: `/openapi.json`, and `/docs` rendered from it.
 *
 * Open to everyone: nothing here depends on who asks. Both are made once, when the first one asks: most hosts are never
 * asked, and where they can be reached is known only once they listen.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "hono";
import { everyAnswer } from "./answer.ts";
import { openApiDocument } from "./openapi-document.ts";
import { tags } from "./operation-route.ts";
import { referencePage } from "./reference-page.ts";
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
  const document = once(() =>
    openApiDocument(app, {
      openapi: "3.1.0",
      info: { title: "HookWatch API", version, description },
      tags: [...tags],
      servers: [{ url: publicUrl() }],
    }),
  );
  const json = once(async () => JSON.stringify(await document()));
  const page = once(async () => referencePage(await document()));

  app.get("/openapi.json", async () => answerText("application/json", await json()));
  app.get("/docs", async () => answerText("text/html", await page(), pageFields));
  app.get("/docs/reference.css", () => answerText("text/css", referenceStyle, pageFields));
}

const pageFields = {
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
};

function answerText(
  type: string,
  text: string,
  fields: Readonly<Record<string, string>> = {},
): Response {
  const headers = { ...everyAnswer, "Content-Type": `${type}; charset=utf-8`, ...fields };
  return new Response(text, { headers });
}

/** What could not be made is made anew for whoever asks next. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return async () => {
    made ??= make();
    try {
      return await made;
    } catch (fault) {
      made = undefined;
      throw fault;
    }
  };
}
