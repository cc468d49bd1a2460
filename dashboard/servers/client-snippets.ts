/**
 * How each client is told to use a proxy URL in place of the server's own: what to run, or what to write into which file,
 * and a link that does it where the client has one.
 *
 * Pure. The proxy URL is ours; names are made of letters, digits and hyphens, so nothing here needs quoting for a shell.
 */

export interface ClientSnippet {
  readonly client: string;
  /** Where it goes: "Run in a terminal", the name of a file. */
  readonly where: string;
  readonly text: string;
  /** Opens the client and adds the server. */
  readonly install?: string;
  /** What a person should know first. */
  readonly note?: string;
}

export interface SnippetsOptions {
  readonly name: string;
  readonly proxyUrl: string;
  /** The old transport of 2024-11-05, which clients want to be told. */
  readonly isLegacyStream?: boolean;
}

export function clientSnippets(options: SnippetsOptions): readonly ClientSnippet[] {
  const { proxyUrl, isLegacyStream = false } = options;
  const name = configurationName(options.name);
  const type = isLegacyStream ? "sse" : "http";
  const typed = { type, url: proxyUrl };
  const entry = (server: object, key = "mcpServers") => json({ [key]: { [name]: server } });
  return [
    {
      client: "Claude Code",
      where: "Run in a terminal",
      text: `claude mcp add --transport ${type} ${name} ${proxyUrl}`,
    },
    {
      client: "Claude Desktop",
      where: "claude_desktop_config.json",
      text: entry({ command: "npx", args: ["-y", "mcp-remote", proxyUrl] }),
      note: "Its own connectors ask for a public https address; mcp-remote reaches one on this machine.",
    },
    {
      client: "Cursor",
      where: ".cursor/mcp.json",
      text: entry({ url: proxyUrl }),
      install: `cursor://anysphere.cursor-deeplink/mcp/install?name=${name}&config=${encodeURIComponent(btoa(JSON.stringify({ url: proxyUrl })))}`,
    },
    {
      client: "VS Code",
      where: ".vscode/mcp.json",
      text: entry(typed, "servers"),
      install: `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, ...typed }))}`,
    },
    {
      client: "Windsurf",
      where: "~/.codeium/windsurf/mcp_config.json",
      text: entry({ serverUrl: proxyUrl }),
    },
    { client: ".mcp.json", where: ".mcp.json, and most other clients", text: entry(typed) },
    {
      client: "Inspector",
      where: "Run in a terminal",
      text: `npx @modelcontextprotocol/inspector --server-url ${proxyUrl} --transport ${type}`,
    },
    { client: "curl", where: "Run in a terminal", text: curl(proxyUrl) },
    { client: "Python", where: "pip install fastmcp", text: python(proxyUrl) },
    {
      client: "TypeScript",
      where: "npm install @modelcontextprotocol/client",
      text: typescript(proxyUrl, isLegacyStream),
    },
  ];
}

/** What a server is called in configuration files: `Weather (staging)` → `weather-staging`. */
export function configurationName(name: string): string {
  const words = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return (
    words
      .replace(/^-+|-+$/g, "")
      .slice(0, 40)
      .replace(/-+$/, "") || "server"
  );
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}

function curl(proxyUrl: string): string {
  const greeting = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "curl", version: "1" },
    },
  };
  return [
    `curl -s ${proxyUrl} \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -H "Accept: application/json, text/event-stream" \\`,
    `  -d '${JSON.stringify(greeting)}'`,
  ].join("\n");
}

function python(proxyUrl: string): string {
  return `import asyncio
from fastmcp import Client

async def main():
    async with Client("${proxyUrl}") as client:
        print(await client.list_tools())

asyncio.run(main())`;
}

function typescript(proxyUrl: string, isLegacyStream: boolean): string {
  const transport = isLegacyStream ? "SSEClientTransport" : "StreamableHTTPClientTransport";
  return `import { Client, ${transport} } from "@modelcontextprotocol/client";

const client = new Client({ name: "my-agent", version: "1.0.0" });
await client.connect(new ${transport}(new URL("${proxyUrl}")));
console.log(await client.listTools());`;
}
