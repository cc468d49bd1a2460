/** What the test server offers: one tool, resource or prompt for each thing a proxy could spoil. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  inputRequired,
  McpServer,
  ProtocolError,
  ResourceTemplate,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { EndpointSetting } from "../../demo/mcp-endpoint.ts";
import type { Signals } from "./signals.ts";

export interface ToolsSetting extends EndpointSetting {
  readonly signals: Signals;
}

const slowest = 20_000;
const nameForm = {
  type: "object" as const,
  properties: { name: { type: "string" as const } },
  required: ["name"],
};

export function buildTools(setting: ToolsSetting): McpServer {
  const server = new McpServer(
    { name: "test-upstream", version: "3.2.1" },
    {
      capabilities: { logging: {}, tools: { listChanged: true } },
      instructions: "Ask for anything.",
    },
  );
  addPlainTools(server);
  addTalkativeTools(server, setting);
  addAskingTools(server, setting);
  addContent(server);
  return server;
}

function addPlainTools(server: McpServer): void {
  server.registerTool(
    "echo",
    { description: "Says it back", inputSchema: z.object({ text: z.string() }) },
    ({ text }) => say(text),
  );
  server.registerTool(
    "add",
    {
      description: "Adds two numbers",
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      outputSchema: z.object({ sum: z.number() }),
    },
    ({ a, b }) => ({ ...say(String(a + b)), structuredContent: { sum: a + b } }),
  );
  server.registerTool("fail", { description: "Fails as a tool does" }, () => ({
    ...say("the gauge is frozen"),
    isError: true,
  }));
  server.registerTool(
    "big",
    { description: "Much text", inputSchema: z.object({ bytes: z.number() }) },
    // Not one repeated letter: a lost or doubled piece must show.
    ({ bytes }) => say("0123456789abcdefghijklmnopqrstu\n".repeat(Math.ceil(bytes / 32))),
  );
}

function addTalkativeTools(server: McpServer, { signals, toolsChanged }: ToolsSetting): void {
  server.registerTool(
    "slow",
    { description: "Waits to be cancelled", inputSchema: z.object({ label: z.string() }) },
    async ({ label }, context) => {
      signals.raise(`started ${label}`);
      try {
        await sleep(slowest, undefined, { signal: context.mcpReq.signal });
      } catch {
        signals.raise(`cancelled ${label}`);
      }
      return say("too late");
    },
  );
  server.registerTool(
    "progress",
    { description: "Counts before it answers", inputSchema: z.object({ steps: z.number() }) },
    async ({ steps }, context) => {
      await progress(context, steps);
      return say(`counted to ${steps}`);
    },
  );
  server.registerTool("log", { description: "Logs before it answers" }, async (context) => {
    await context.mcpReq.log("info", { step: "opening – ☂" }, "gauge");
    await context.mcpReq.log("warning", "closing", "gauge");
    return say("logged");
  });
  server.registerTool("announce", { description: "Changes the tool list" }, () => {
    toolsChanged();
    return say("announced");
  });
}

/** Tools that need the client: a request of the server's in one era, `input_required` in the other. */
function addAskingTools(server: McpServer, { era }: ToolsSetting): void {
  const messages = [{ role: "user" as const, content: { type: "text" as const, text: "2 + 2?" } }];
  server.registerTool("sample", { description: "Asks the client's model" }, async (context) => {
    if (era === "legacy") {
      const { content } = await context.mcpReq.requestSampling({ messages, maxTokens: 10 });
      return say(`the model said ${JSON.stringify(content)}`);
    }
    const answer = context.mcpReq.inputResponses?.answer;
    if (answer) return say(`the model said ${JSON.stringify(answer)}`);
    const question = inputRequired.createMessage({ messages, maxTokens: 10 });
    return inputRequired({ inputRequests: { answer: question }, requestState: "half – way" });
  });
  const form = { message: "Who are you?", requestedSchema: nameForm };
  server.registerTool("ask", { description: "Asks the user" }, async (context) => {
    if (era === "legacy") {
      return say(`the user said ${JSON.stringify(await context.mcpReq.elicitInput(form))}`);
    }
    const answer = context.mcpReq.inputResponses?.answer;
    if (answer) return say(`the user said ${JSON.stringify(answer)}`);
    return inputRequired({ inputRequests: { answer: inputRequired.elicit(form) } });
  });
}

function addContent(server: McpServer): void {
  const mimeType = "text/plain";
  server.registerResource("greeting", "test://greeting", { mimeType }, (uri) => ({
    contents: [{ uri: uri.href, mimeType, text: "Grüß Gott, 世界 – \u2028 🌍" }],
  }));
  const template = new ResourceTemplate("test://gauges/{id}", { list: undefined });
  server.registerResource("gauge", template, { mimeType }, (uri, { id }) => ({
    contents: [{ uri: uri.href, mimeType, text: `gauge ${String(id)}` }],
  }));
  server.registerPrompt(
    "welcome",
    { description: "A welcome", argsSchema: z.object({ name: z.string() }) },
    ({ name }) => ({
      messages: [{ role: "user", content: { type: "text", text: `Welcome ${name} warmly.` } }],
    }),
  );
  server.registerPrompt("refuse", { description: "Fails as the protocol does" }, () => {
    throw new ProtocolError(-32050, "the desk is closed", { opens: "08:00" });
  });
}

async function progress(context: ServerContext, steps: number): Promise<void> {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  for (let step = 1; step <= steps; step += 1) {
    const params = { progressToken, progress: step, total: steps, message: `step ${step}` };
    await context.mcpReq.notify({ method: "notifications/progress", params });
    // Lets each notification leave in a chunk of its own.
    await sleep(5);
  }
}

function say(text: string) {
  return { content: [{ type: "text" as const, text }] };
}
