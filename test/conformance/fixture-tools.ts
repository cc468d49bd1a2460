/** What the conformance fixture offers in both eras; names and texts are the suite's. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  fromJsonSchema,
  type JsonSchemaType,
  McpServer,
  type ServerContext,
  type ServerNotifier,
} from "@modelcontextprotocol/server";
import { addContent, png, say, wav } from "./fixture-content.ts";
import { addLegacyTools } from "./legacy-tools.ts";
import { addModernTools, requestStates } from "./modern-tools.ts";

/** Lets each notification leave in a chunk of its own. */
const pauseMs = 50;

export function buildLegacyServer(): McpServer {
  const server = buildServer();
  addLegacyTools(server);
  return server;
}

export function buildModernServer(notify: ServerNotifier): McpServer {
  const server = buildServer();
  addModernTools(server, notify);
  return server;
}

function buildServer(): McpServer {
  const server = new McpServer(
    { name: "conformance-fixture", version: "1.0.0" },
    {
      capabilities: {
        logging: {},
        completions: {},
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
      },
      requestState: { verify: requestStates.verify },
    },
  );
  addPlainTools(server);
  addTalkativeTools(server);
  addEchoTools(server);
  addContent(server);
  server.server.setRequestHandler("completion/complete", () => ({
    completion: { values: ["paris", "park", "party"], total: 3, hasMore: false },
  }));
  return server;
}

const image = { type: "image" as const, data: png, mimeType: "image/png" };

function addPlainTools(server: McpServer): void {
  server.registerTool("test_simple_text", { description: "Text" }, () =>
    say("This is a simple text response for testing."),
  );
  server.registerTool("test_image_content", { description: "Image" }, () => ({ content: [image] }));
  server.registerTool("test_audio_content", { description: "Audio" }, () => ({
    content: [{ type: "audio", data: wav, mimeType: "audio/wav" }],
  }));
  server.registerTool("test_embedded_resource", { description: "Resource" }, () => ({
    content: [
      {
        type: "resource",
        resource: {
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content.",
        },
      },
    ],
  }));
  server.registerTool("test_multiple_content_types", { description: "All of them" }, () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      image,
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }));
  server.registerTool("test_error_handling", { description: "Fails" }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
}

function addTalkativeTools(server: McpServer): void {
  const log = async (context: ServerContext) => {
    for (const step of ["execution started", "processing data", "execution completed"]) {
      await context.mcpReq.log("info", `Tool ${step}`);
      await sleep(pauseMs);
    }
    return say("logged");
  };
  server.registerTool("test_tool_with_logging", { description: "Logs" }, log);
  server.registerTool("test_logging_tool", { description: "Logs" }, log);
  server.registerTool("test_tool_with_progress", { description: "Counts" }, async (context) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 };
        await context.mcpReq.notify({ method: "notifications/progress", params });
      }
      await sleep(pauseMs);
    }
    return say("progress done");
  });
}

/** Keywords that a server must hand on as they were declared (SEP-1613). */
const draft2020Schema: JsonSchemaType = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, and no promise
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
};

/** Held in a variable: the SDK's type does not know MCP's own keyword. */
const region = { type: "string" as const, "x-mcp-header": "Region" };
const regionSchema: JsonSchemaType = {
  type: "object",
  properties: { region, query: { type: "string" } },
  required: ["region"],
};

function addEchoTools(server: McpServer): void {
  const echo = (args: unknown) => say(JSON.stringify(args));
  server.registerTool(
    "json_schema_2020_12_tool",
    { description: "Says it back", inputSchema: fromJsonSchema(draft2020Schema) },
    echo,
  );
  server.registerTool(
    "test_header_param",
    {
      description: "Has a parameter that is mirrored in a header (SEP-2243)",
      inputSchema: fromJsonSchema(regionSchema),
    },
    echo,
  );
}
