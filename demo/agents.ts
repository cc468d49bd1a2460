/**
 * Two agents that use a server as agents do: in a hurry, with mistakes, several things at once. One
 * speaks MCP of 2026-07-28, the other shakes hands as revisions before it do. Takes about three seconds.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

/** Resolves when both are done; what fails is part of the show. */
export async function runAgents(url: string): Promise<void> {
  await Promise.all([planTrip(url), helpAtDesk(url)]);
}

async function planTrip(url: string): Promise<void> {
  const agent = await hire("trip-planner", "2.1.0", url, { pin: "2026-07-28" });
  await agent.listTools();
  await agent.callTool({ name: "get_forecast", arguments: { city: "Lisbon" } });
  await Promise.all([
    agent.callTool(
      { name: "plan_route", arguments: { from: "Oslo", to: "Lisbon" } },
      { onprogress: () => undefined },
    ),
    ...["Oslo", "Vienna", "Atlantis"].map((city) =>
      agent.callTool({ name: "get_forecast", arguments: { city } }),
    ),
  ]);
  await agent.callTool({
    name: "convert_currency",
    arguments: { amount: 120, from: "EUR", to: "NOK" },
  });
  await agent.callTool({
    name: "convert_currency",
    arguments: { amount: 3, from: "EUR", to: "shells" },
  });
  await agent.getPrompt({ name: "packing_list", arguments: { city: "Lisbon" } });
  await agent.callTool({ name: "book_table", arguments: { restaurant: "A Cevicheria" } });
  await giveUp(agent, "sort_photos", 1_500);
  await agent.close();
}

async function helpAtDesk(url: string): Promise<void> {
  const agent = await hire("desk-assistant", "0.9.4", url, "legacy");
  await agent.listTools();
  for (const query of ["night trains", "lost luggage", "bicycles"]) {
    await agent.callTool({ name: "search_docs", arguments: { query } });
    await sleep(400);
  }
  await agent.readResource({ uri: "travel://handbook" });
  await misspell(agent, "get_forcast");
  await agent.callTool({ name: "get_forecast", arguments: { city: "Vienna" } });
  await sleep(800);
  await agent.callTool({
    name: "convert_currency",
    arguments: { amount: 80, from: "GBP", to: "CHF" },
  });
  await agent.close();
}

async function hire(
  name: string,
  version: string,
  url: string,
  mode: "legacy" | { pin: string },
): Promise<Client> {
  const agent = new Client({ name, version }, { versionNegotiation: { mode } });
  await agent.connect(new StreamableHTTPClientTransport(new URL(url)));
  return agent;
}

/** A model calls a tool that is not there. */
async function misspell(agent: Client, name: string): Promise<void> {
  await agent.callTool({ name, arguments: { city: "Oslo" } }).catch(() => undefined);
}

/** Nobody waits for ever: the user presses stop. */
async function giveUp(agent: Client, name: string, afterMs: number): Promise<void> {
  const signal = AbortSignal.timeout(afterMs);
  await agent.callTool({ name, arguments: {} }, { signal }).catch(() => undefined);
}
