/** `node echo-server.ts`: an MCP server on its standard streams, with the official SDK and one tool, for peers that stand before such. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { exchangeOf } from "./bodies.ts";

const { result } = JSON.parse(exchangeOf("json").answer) as {
  result: { content: { type: "text"; text: string }[] };
};
const server = new Server({ name: "echo", version: "1.0.0" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [{ name: "echo", inputSchema: { type: "object" as const } }],
}));
server.setRequestHandler(CallToolRequestSchema, () => result);
await server.connect(new StdioServerTransport());
