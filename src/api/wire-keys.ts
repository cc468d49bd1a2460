/** The JSON shapes of API keys. See wire.ts. */
import { z } from "@hono/zod-openapi";
import { keyNameMaxLength, scopes } from "../api-key.ts";

const uuid = z.uuid();
const time = z.iso.datetime({ precision: 3 });
const scope = z
  .enum(scopes)
  .describe(
    "`calls:read` shows what a call was, `calls:bodies` what it said; `admin` stands for all of them.",
  );

const apiKey = {
  id: uuid.describe("UUIDv7."),
  name: z.string(),
  masked: z.string().describe("The last four characters, to tell keys apart: `hw_…abcd`."),
  scopes: z
    .array(scope)
    .readonly()
    .describe("Never more than what the role of its user allows when it is used."),
  user_id: uuid.describe("On whose behalf it acts."),
  created_at: time,
  expires_at: time.nullable().describe("Null: never."),
  last_used_at: time.nullable().describe("At most a minute behind; null until it is used."),
  last_used_ip: z.string().nullable(),
};

export const apiKeySchema = z.object(apiKey).openapi("ApiKey");

export const apiKeyListSchema = z
  .object({
    data: z.array(apiKeySchema).describe("Newest first; those that have expired, too."),
    total: z.int().min(0),
  })
  .openapi("ApiKeyList");

export const newApiKeySchema = z.strictObject({
  name: z
    .string()
    .openapi({ minLength: 1, maxLength: keyNameMaxLength, example: "CI" })
    .describe("1 to 100 characters after trimming."),
  scopes: z
    .array(scope)
    .min(1)
    .max(100)
    .optional()
    .describe("Not beyond your own; all of them unless given."),
  expires_at: z
    .string()
    .nullable()
    .optional()
    .openapi({ format: "date-time" })
    .describe("In the future; null: never; 90 days from now unless given."),
});

export const madeApiKeySchema = z
  .object({ ...apiKey, key: z.string().describe("Shown here and never again.") })
  .openapi("NewApiKey");

export type WireApiKey = z.input<typeof apiKeySchema>;
export type WireApiKeyList = z.input<typeof apiKeyListSchema>;
export type WireNewApiKey = z.input<typeof newApiKeySchema>;
export type WireMadeApiKey = z.input<typeof madeApiKeySchema>;
