/**
 * Header fields that a caller passes on to a server for one request: credentials, which are never stored, and what MCP
 * defines.
 *
 * In: an object of the request's body. Out: names in lower case with their values. Bounds: `fieldsMax` fields,
 * `valueMaxLength` characters each.
 */
import { z } from "@hono/zod-openapi";
import { asRecord } from "../message.ts";
import { invalid } from "../problem.ts";
import { checked, quoted } from "./fields.ts";

export type PassedHeaders = Readonly<Record<string, string>>;

const fieldsMax = 20;
const valueMaxLength = 8_192;
const allowedName = /^(?:authorization|x-api-key|mcp-[a-z0-9-]{1,100})$/;
/** What HTTP lets a field hold, https://www.rfc-editor.org/rfc/rfc9110#section-5.5, without bytes beyond ASCII. */
const fieldValue = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

export const passedHeaders = z
  .record(z.string(), z.unknown())
  .transform(checked(parsePassedHeaders))
  .optional()
  .openapi({
    type: "object",
    additionalProperties: { type: "string" },
    example: { Authorization: "Bearer …" },
    description:
      "Header fields for this one request, never stored: `Authorization`, `X-API-Key` and those of MCP, `Mcp-…`.",
  });

function parsePassedHeaders(given: Readonly<Record<string, unknown>>): PassedHeaders {
  const fields = Object.entries(asRecord(given) ?? {});
  const refuse = (message: string) => invalid({ field: "headers", message });
  if (fields.length > fieldsMax) {
    throw refuse(`has ${fields.length} fields, the limit is ${fieldsMax}`);
  }
  const passed = new Map<string, string>();
  for (const [given, value] of fields) {
    const name = given.toLowerCase();
    if (!allowedName.test(name)) {
      throw refuse(`must not have ${quoted(given)}, only Authorization, X-API-Key and Mcp-…`);
    }
    if (passed.has(name)) throw refuse(`has ${quoted(given)} twice`);
    if (typeof value !== "string" || !fieldValue.test(value) || value.length > valueMaxLength) {
      throw refuse(
        `has a value of ${quoted(given)} that is no text of 1 to ${valueMaxLength} printable characters`,
      );
    }
    passed.set(name, value);
  }
  return Object.fromEntries(passed);
}
