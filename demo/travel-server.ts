/** A small MCP server to watch: a travel desk whose tools are quick, slow, talkative or out of luck. */
import { setTimeout as sleep } from "node:timers/promises";
import { McpServer, type ServerContext } from "@modelcontextprotocol/server";
import { z } from "zod";

export function travelServer(): McpServer {
  const server = new McpServer(
    { name: "travel-desk", version: "1.4.0" },
    { capabilities: { logging: {} }, instructions: "Plan trips in Europe by train." },
  );
  addLookups(server);
  addErrands(server);
  addDocuments(server);
  return server;
}

const skies: Readonly<Record<string, string>> = {
  Oslo: "light snow, -3 °C, wind from the fjord",
  Lisbon: "clear, 17 °C, a good evening for the terrace",
  Vienna: "fog until noon, 6 °C",
};
/** Units of each currency for one euro. */
const rates: Readonly<Record<string, number>> = { EUR: 1, NOK: 11.62, GBP: 0.84, CHF: 0.95 };

function addLookups(server: McpServer): void {
  server.registerTool(
    "get_forecast",
    {
      description: "Tomorrow's weather in a city",
      inputSchema: z.object({ city: z.string() }),
    },
    async ({ city }) => {
      await sleep(40);
      const sky = skies[city];
      return sky ? say(`${city} tomorrow: ${sky}.`) : refuse(`there is no station in "${city}"`);
    },
  );
  server.registerTool(
    "convert_currency",
    {
      description: "An amount of money in another currency",
      inputSchema: z.object({ amount: z.number(), from: z.string(), to: z.string() }),
      outputSchema: z.object({ amount: z.number(), currency: z.string() }),
    },
    ({ amount, from, to }) => {
      const [source, target] = [rates[from], rates[to]];
      if (source === undefined || target === undefined) {
        return refuse(`no rate for ${source === undefined ? from : to}`);
      }
      const converted = Math.round((amount / source) * target * 100) / 100;
      const structuredContent = { amount: converted, currency: to };
      return { ...say(`${amount} ${from} are ${converted} ${to}`), structuredContent };
    },
  );
  server.registerTool(
    "search_docs",
    { description: "Searches the travel handbook", inputSchema: z.object({ query: z.string() }) },
    async ({ query }) => {
      await sleep(120);
      return say(`3 pages about "${query}": Night trains, Seat reservations, Lost luggage`);
    },
  );
}

function addErrands(server: McpServer): void {
  server.registerTool(
    "plan_route",
    {
      description: "Finds a connection by train, telling how far it is",
      inputSchema: z.object({ from: z.string(), to: z.string() }),
    },
    async ({ from, to }, context) => {
      const stops = [from, "Hamburg", "Basel", "Milan", to];
      for (const [index, stop] of stops.entries()) {
        await sleep(180);
        await tellProgress(context, index + 1, stops.length, `searched as far as ${stop}`);
      }
      return say(`${stops.join(" → ")}: 31 hours, 4 changes, sleeper to Basel`);
    },
  );
  server.registerTool(
    "book_table",
    { description: "Reserves a table", inputSchema: z.object({ restaurant: z.string() }) },
    async ({ restaurant }) => {
      await sleep(90);
      return refuse(`${restaurant} is fully booked until Thursday`);
    },
  );
  server.registerTool(
    "sort_photos",
    { description: "Sorts the photos of the last trip; takes its time" },
    async (context) => {
      await sleep(6_000, undefined, { signal: context.mcpReq.signal });
      return say("2,481 photos in 14 albums");
    },
  );
}

function addDocuments(server: McpServer): void {
  const mimeType = "text/markdown";
  server.registerResource("handbook", "travel://handbook", { mimeType }, ({ href }) => ({
    contents: [{ uri: href, mimeType, text: "# Handbook\n\nPack light. Reserve early." }],
  }));
  server.registerPrompt(
    "packing_list",
    { description: "What to pack", argsSchema: z.object({ city: z.string() }) },
    ({ city }) => ({
      messages: [
        { role: "user", content: { type: "text", text: `What should I pack for ${city}?` } },
      ],
    }),
  );
}

async function tellProgress(
  { mcpReq }: ServerContext,
  progress: number,
  total: number,
  message: string,
): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  const params = { progressToken, progress, total, message };
  await mcpReq.notify({ method: "notifications/progress", params });
}

function say(text: string) {
  return { content: [{ type: "text" as const, text }] };
}

function refuse(text: string) {
  return { ...say(text), isError: true };
}
