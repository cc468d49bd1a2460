/** Tools of the conformance fixture that need a session: they ask the client, or let it come back for more. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ElicitRequestFormParams,
  fromJsonSchema,
  type McpServer,
} from "@modelcontextprotocol/server";
import { say } from "./fixture-content.ts";

type Form = ElicitRequestFormParams["requestedSchema"];

/** Every primitive with a default (SEP-1034). */
const defaultsForm: Form = {
  type: "object",
  properties: {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  },
};

/** Every kind of choice (SEP-1330). */
const enumsForm: Form = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
    titledSingle: {
      type: "string",
      oneOf: [
        { const: "value1", title: "First Option" },
        { const: "value2", title: "Second Option" },
        { const: "value3", title: "Third Option" },
      ],
    },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: {
      type: "array",
      items: { type: "string", enum: ["option1", "option2", "option3"] },
    },
    titledMulti: {
      type: "array",
      items: {
        anyOf: [
          { const: "value1", title: "First Choice" },
          { const: "value2", title: "Second Choice" },
          { const: "value3", title: "Third Choice" },
        ],
      },
    },
  },
};

const contactForm: Form = {
  type: "object",
  properties: {
    username: { type: "string", description: "User's response" },
    email: { type: "string", description: "User's email address" },
  },
  required: ["username", "email"],
};

/** Around the moment at which the tool ends its stream. */
const pauseMs = 100;

export function addLegacyTools(server: McpServer): void {
  addSampling(server);
  addElicitation(server);
  server.registerTool("test_reconnection", { description: "Polling" }, async (context) => {
    await sleep(pauseMs);
    context.http?.closeSSE?.();
    await sleep(pauseMs);
    return say("reconnected");
  });
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
}

function addSampling(server: McpServer): void {
  server.registerTool(
    "test_sampling",
    { description: "Asks the client's model", inputSchema: oneString<"prompt">("prompt") },
    async ({ prompt }, context) => {
      const { content } = await context.mcpReq.requestSampling({
        messages: [{ role: "user", content: { type: "text", text: prompt } }],
        maxTokens: 100,
      });
      const spoken = !Array.isArray(content) && content.type === "text";
      return say(`LLM response: ${spoken ? content.text : JSON.stringify(content)}`);
    },
  );
}

function addElicitation(server: McpServer): void {
  server.registerTool(
    "test_elicitation",
    { description: "Asks the user", inputSchema: oneString<"message">("message") },
    async ({ message }, context) => {
      const answer = await context.mcpReq.elicitInput({ message, requestedSchema: contactForm });
      return say(`User response: ${told(answer)}`);
    },
  );
  for (const [name, requestedSchema] of [
    ["test_elicitation_sep1034_defaults", defaultsForm],
    ["test_elicitation_sep1330_enums", enumsForm],
  ] as const) {
    server.registerTool(name, { description: "Asks the user" }, async (context) => {
      const answer = await context.mcpReq.elicitInput({ message: name, requestedSchema });
      return say(`Elicitation completed: ${told(answer)}`);
    });
  }
}

function told({ action, content }: { action: string; content?: unknown }): string {
  return `action=${action}, content=${JSON.stringify(content)}`;
}

function oneString<Name extends string>(name: Name) {
  return fromJsonSchema<Record<Name, string>>({
    type: "object",
    properties: { [name]: { type: "string" } },
    required: [name],
  });
}
