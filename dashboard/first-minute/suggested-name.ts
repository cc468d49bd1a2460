/** What a server could be called: as it calls itself, or by its address. At most 80 characters. */
import type { WireConnectionReport } from "../../src/api/connection-report.ts";

export function suggestedName(
  url: string,
  { server_info: server }: Pick<WireConnectionReport, "server_info">,
): string {
  const own = [server?.title, server?.name].map((name) => printable(name ?? "")).find(Boolean);
  return own ?? URL.parse(url)?.host.slice(0, nameMaxLength) ?? "MCP server";
}

const nameMaxLength = 80;

/** Names come from the server: nothing hidden goes on into ours. */
function printable(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "")
    .trim()
    .slice(0, nameMaxLength)
    .toWellFormed();
}
