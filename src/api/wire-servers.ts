/** The JSON shapes of servers. See wire.ts. */
import { z } from "@hono/zod-openapi";
import {
  captureLevels,
  serverNameMaxLength,
  targetUrlMaxLength,
  upstreamIdleTimeoutMaxMs,
  upstreamIdleTimeoutMinMs,
} from "../server.ts";

const uuid = z.uuid();
const time = z.iso.datetime({ precision: 3 });

const captureLevel = z
  .enum(captureLevels)
  .describe(
    "How much of its exchanges is kept: no call; calls without anything that was said; calls with secrets " +
      "redacted; calls as they were, but for credentials in header fields.",
  );
const idleTimeout = z
  .int()
  .min(upstreamIdleTimeoutMinMs)
  .max(upstreamIdleTimeoutMaxMs)
  .nullable()
  .describe(
    "After so long without a byte from upstream a call ends as `timeout`; null: after as long as this host is set to.",
  );

export const serverSchema = z
  .object({
    id: uuid.describe("UUIDv7."),
    user_id: uuid.describe("The user who created the server."),
    team_id: uuid.describe("The team that owns the server."),
    slug: z
      .string()
      .describe("Names the server in its proxy URL; unguessable and unique for ever."),
    name: z.string(),
    target_url: z
      .string()
      .describe(
        "Where requests are forwarded; values of its query are `redacted` for those who may not change it.",
      ),
    is_active: z.boolean().describe("While false the proxy answers 404; calls stay readable."),
    capture_level: captureLevel,
    upstream_idle_timeout_ms: idleTimeout,
    proxy_url: z.string().describe("What goes into the agent's configuration: `…/p/<slug>`."),
    created_at: time,
    updated_at: time,
  })
  .openapi("Server");

export const serverListSchema = z
  .object({ data: z.array(serverSchema).describe("Newest first."), total: z.int().min(0) })
  .openapi("ServerList");

const serverName = z
  .string()
  .openapi({ minLength: 1, maxLength: serverNameMaxLength, example: "GitHub" })
  .describe("1 to 200 characters after trimming.");
const targetUrl = z
  .string()
  .openapi({ format: "uri", maxLength: targetUrlMaxLength, example: "https://example.com/mcp" })
  .describe("An absolute http(s) URL without user name, password or fragment.");

const serverOptions = {
  capture_level: captureLevel.optional(),
  upstream_idle_timeout_ms: idleTimeout.optional(),
};

export const newServerSchema = z.strictObject({
  name: serverName,
  target_url: targetUrl,
  ...serverOptions,
});

export const serverChangesSchema = z.strictObject({
  name: serverName.optional(),
  target_url: targetUrl.optional(),
  is_active: z.boolean().optional(),
  ...serverOptions,
});

export type WireServer = z.input<typeof serverSchema>;
export type WireServerList = z.input<typeof serverListSchema>;
export type WireNewServer = z.input<typeof newServerSchema>;
export type WireServerChanges = z.input<typeof serverChangesSchema>;
