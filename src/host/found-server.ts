/**
 * What a server says of itself, cut to what a report may hold.
 *
 * In: replies and foreign values. Out: plain texts. Bounds: the `…MaxLength` below; nothing else of the server's is taken over.
 */
import type { FoundServerInfo, FoundTool, StepDetails } from "../api/connection-report.ts";
import { asRecord } from "../message.ts";
import { fieldOf, type Reply } from "./mcp-exchange.ts";

const nameMaxLength = 200;
const descriptionMaxLength = 2_000;
const challengeMaxLength = 2_000;

export function toServerInfo(
  serverInfo: Readonly<Record<string, unknown>> | undefined,
): FoundServerInfo | null {
  if (serverInfo === undefined) return null;
  const { name, title, version } = serverInfo;
  return { name: toName(name), title: toName(title), version: toName(version) };
}

/** None for what is no tool. */
export function toTool(value: unknown): FoundTool[] {
  const tool = asRecord(value);
  if (typeof tool?.name !== "string") return [];
  const hints = asRecord(tool.annotations) ?? {};
  const annotations = Object.entries(hints).flatMap(([hint, holds]) =>
    knownHints.has(hint) && typeof holds === "boolean" ? [[hint, holds] as const] : [],
  );
  return [
    {
      name: toName(tool.name),
      title: toName(tool.title ?? hints.title),
      description: toText(tool.description, descriptionMaxLength),
      annotations: Object.fromEntries(annotations),
    },
  ];
}

/** https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations */
const knownHints: ReadonlySet<string> = new Set([
  "readOnlyHint",
  "destructiveHint",
  "idempotentHint",
  "openWorldHint",
]);

/** What kind of credential a reply asks for; undefined when it asks for none. */
export function authenticationOf(
  reply: Pick<Reply, "statusCode" | "headers">,
): { readonly message: string; readonly details: StepDetails } | undefined {
  const challenge = fieldOf(reply, "www-authenticate").slice(0, challengeMaxLength);
  const { statusCode } = reply;
  if (statusCode !== 401 && (statusCode !== 403 || challenge === "")) return undefined;
  const schemes = [...challenge.matchAll(/(?:^|,\s*)([A-Za-z][\w-]*)(?=\s+[^=\s,]|\s*$)/g)].map(
    ([, scheme = ""]) => scheme,
  );
  const metadata = /\bresource_metadata="?([^",\s]+)/i.exec(challenge)?.[1];
  const scope = /\bscope="([^"]*)"/i.exec(challenge)?.[1];
  const details = {
    status_code: statusCode,
    schemes,
    ...(metadata !== undefined && { resource_metadata: metadata }),
    ...(scope !== undefined && { scope }),
  };
  return { message: toDemand(schemes, metadata !== undefined), details };
}

function toDemand(schemes: readonly string[], hasMetadata: boolean): string {
  const needed = "authentication needed";
  if (hasMetadata) return `${needed}: OAuth; MCP clients sign in by themselves through the proxy`;
  if (schemes.length === 0) return `${needed}: the server does not say of what kind`;
  return `${needed}: ${schemes.join(" or ")}; give the credential to the MCP client, it passes through`;
}

function toName(value: unknown): string {
  return toText(value, nameMaxLength);
}

function toText(value: unknown, maxLength: number): string {
  return typeof value === "string" ? value.slice(0, maxLength) : "";
}
