/**
 * The beginning of a conversation with an MCP server in either era, and the list of its tools.
 *
 * In: a way to the server. Out: what it is and speaks, and what further requests must carry; or the reply that declined.
 * Sources: https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle, and for the stateless era
 * https://modelcontextprotocol.io/specification/2026-07-28. Bounds: `toolsMax` tools, `pagesMax` pages.
 */
import { asRecord } from "../message.ts";
import { exchange, fieldOf, type Reply, spend, type Way } from "./mcp-exchange.ts";

export type Era = "legacy" | "modern";

export const modernVersion = "2026-07-28";
export const legacyVersion = "2025-11-25";
const toolsMax = 200;
const pagesMax = 10;

export interface Greeting {
  readonly era: Era;
  readonly protocolVersion: string;
  /** As the server says it; undefined when it does not. */
  readonly serverInfo: Readonly<Record<string, unknown>> | undefined;
  /** Empty without a session. */
  readonly sessionId: string;
  readonly instructions: string;
}

/** `declined`: the server answered, and not as one of the era does. */
export type Greeted =
  | { readonly kind: "greeted"; readonly greeting: Greeting }
  | { readonly kind: "declined"; readonly reply: Reply };

export interface Speaker {
  readonly way: Way;
  /** Credentials and the like, sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of this program. */
  readonly version: string;
}

/** Codes that only servers of the stateless era answer with: mirrored fields, capabilities, versions. */
const modernErrors: ReadonlySet<unknown> = new Set([-32_020, -32_021, -32_022]);

/** Of a server that is known to need none. */
export const modernGreeting: Greeting = {
  era: "modern",
  protocolVersion: modernVersion,
  serverInfo: undefined,
  sessionId: "",
  instructions: "",
};

/** True when what declined the handshake is a server that speaks the stateless era alone. */
export function speaksModern({ statusCode, response }: Reply): boolean {
  const code = response?.error?.code;
  return modernErrors.has(code) || (statusCode === 404 && code === -32_601);
}

export async function greetModern(speaker: Speaker): Promise<Greeted> {
  const reply = await askModern(speaker, "server/discover", {});
  const { error } = reply.response ?? {};
  const result = asRecord(reply.response?.result);
  const data = asRecord(error?.data);
  const supported = [result?.supportedVersions, data?.supported].find(Array.isArray) ?? [];
  const speaks = supported.filter((version) => typeof version === "string");
  if (result?.supportedVersions === undefined && !modernErrors.has(error?.code)) {
    return { kind: "declined", reply };
  }
  const named = asRecord(asRecord(result?._meta)?.["io.modelcontextprotocol/serverInfo"]);
  return {
    kind: "greeted",
    greeting: {
      era: "modern",
      protocolVersion: speaks.includes(modernVersion) ? modernVersion : (speaks[0] ?? ""),
      serverInfo: named ?? asRecord(result?.serverInfo),
      sessionId: "",
      instructions: typeof result?.instructions === "string" ? result.instructions : "",
    },
  };
}

export async function greetLegacy(speaker: Speaker): Promise<Greeted> {
  const { way, headers, version } = speaker;
  const params = {
    protocolVersion: legacyVersion,
    capabilities: {},
    clientInfo: { name: "hookwatch", version },
  };
  const hello = { id: "hookwatch-initialize", method: "initialize", params };
  const reply = await exchange(way, hello, headers);
  const result = asRecord(reply.response?.result);
  if (result === undefined) return { kind: "declined", reply };
  const { protocolVersion, serverInfo, instructions } = result;
  const greeting = {
    era: "legacy" as const,
    protocolVersion: typeof protocolVersion === "string" ? protocolVersion : legacyVersion,
    serverInfo: asRecord(serverInfo),
    sessionId: fieldOf(reply, "mcp-session-id"),
    instructions: typeof instructions === "string" ? instructions : "",
  };
  const done = { method: "notifications/initialized", params: {} };
  await exchange(way, done, { ...headers, ...headersOf(greeting) });
  return { kind: "greeted", greeting };
}

/** Ends a session, if there is one; whether the server takes that is its own matter. */
export async function takeLeave({ way, headers }: Speaker, greeting: Greeting): Promise<void> {
  if (greeting.sessionId === "") return;
  const { body } = await way.send({
    method: "DELETE",
    headers: { ...headers, ...headersOf(greeting) },
    signal: way.signal,
  });
  for await (const chunk of body) spend(way, chunk);
}

/** What every request after the greeting carries. */
export function headersOf({ era, protocolVersion, sessionId }: Greeting): Record<string, string> {
  return {
    "mcp-protocol-version": era === "modern" ? modernVersion : protocolVersion,
    ...(sessionId !== "" && { "mcp-session-id": sessionId }),
  };
}

export type ToolListing =
  | { readonly kind: "listed"; readonly tools: readonly unknown[]; readonly more: boolean }
  | { readonly kind: "declined"; readonly reply: Reply };

export async function listTools(speaker: Speaker, greeting: Greeting): Promise<ToolListing> {
  const tools: unknown[] = [];
  let cursor: unknown;
  for (let page = 1; page <= pagesMax && tools.length < toolsMax; page += 1) {
    const reply = await ask(
      speaker,
      greeting,
      "tools/list",
      cursor === undefined ? {} : { cursor },
    );
    const result = asRecord(reply.response?.result);
    if (!Array.isArray(result?.tools)) return { kind: "declined", reply };
    tools.push(...result.tools.slice(0, toolsMax + 1));
    cursor = result.nextCursor;
    if (typeof cursor !== "string") {
      return { kind: "listed", tools: tools.slice(0, toolsMax), more: tools.length > toolsMax };
    }
  }
  return { kind: "listed", tools: tools.slice(0, toolsMax), more: true };
}

/** One request, as the era of the greeting wants it. */
export async function ask(
  speaker: Speaker,
  greeting: Greeting,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Promise<Reply> {
  if (greeting.era === "modern") return askModern(speaker, method, params);
  const { way, headers } = speaker;
  const message = { id: `hookwatch-${method}`, method, params };
  return exchange(way, message, { ...headers, ...headersOf(greeting) });
}

function askModern(
  { way, headers, version }: Speaker,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Promise<Reply> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": modernVersion,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "hookwatch", version },
  };
  const message = { id: `hookwatch-${method}`, method, params: { ...params, _meta: meta } };
  const mirrored = { "mcp-protocol-version": modernVersion, "mcp-method": method };
  return exchange(way, message, { ...headers, ...mirrored });
}
