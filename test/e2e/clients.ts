/**
 * The official MCP clients behind one small face, so that a scenario is written once: SDK 1.x,
 * SDK 2.x with the legacy handshake, SDK 2.x speaking 2026-07-28.
 *
 * Everything the server says unasked is kept in order of arrival in `heard`.
 */
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResultSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { until } from "./until.ts";
import { Wire } from "./wire.ts";

export const clientKinds = ["v1", "v2 legacy", "v2 modern"] as const;
export type ClientKind = (typeof clientKinds)[number];

export const clientName = "e2e-agent";
export const clientVersion = "7.5.3";

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: unknown) => void;
  /** `params._meta` beyond what the client adds itself. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

export interface TestClient extends AsyncDisposable {
  readonly kind: ClientKind;
  readonly wire: Wire;
  /** Notifications and requests of the server's, in order of arrival. */
  readonly heard: readonly unknown[];
  readonly sessionId: string | undefined;
  listTools(): Promise<unknown>;
  listResources(): Promise<unknown>;
  listTemplates(): Promise<unknown>;
  listPrompts(): Promise<unknown>;
  callTool(
    name: string,
    args: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<unknown>;
  readResource(uri: string): Promise<unknown>;
  getPrompt(name: string, args: Readonly<Record<string, string>>): Promise<unknown>;
  setLogLevel(level: "debug" | "warning"): Promise<unknown>;
  /** Any method at all. */
  request(method: string, params?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Opens the channel for what the server says unasked; resolves when it is open. */
  listen(): Promise<void>;
  /** Ends the session with DELETE; the transport stays usable. */
  endSession(): Promise<void>;
  /** Resolves when this much was heard. */
  hear(count: number): Promise<void>;
}

export interface ClientSetting {
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly roots?: boolean;
}

export function connect(
  kind: ClientKind,
  url: string,
  setting: ClientSetting = {},
): Promise<TestClient> {
  return kind === "v1" ? connectV1(url, setting) : connectV2(kind, url, setting);
}

const sampled = {
  model: "test-model",
  role: "assistant" as const,
  content: { type: "text" as const, text: "4 – four" },
};
const elicited = { action: "accept" as const, content: { name: "Ada" } };
const rooted = { roots: [{ uri: "file:///project", name: "project" }] };

async function connectV1(url: string, setting: ClientSetting): Promise<TestClient> {
  const wire = new Wire();
  const heard: unknown[] = [];
  const client = new ClientV1(
    { name: clientName, version: clientVersion },
    { capabilities: capabilities(setting) },
  );
  client.fallbackNotificationHandler = async (notification) => void heard.push(notification);
  client.setRequestHandler(CreateMessageRequestSchema, ({ method, params }) => {
    heard.push({ method, params });
    return sampled;
  });
  client.setRequestHandler(ElicitRequestSchema, ({ method, params }) => {
    heard.push({ method, params });
    return elicited;
  });
  if (setting.roots) {
    client.setRequestHandler(ListRootsRequestSchema, ({ method, params }) => {
      heard.push({ method, params });
      return rooted;
    });
  }
  const transport = new TransportV1(new URL(url), transportOptions(wire, setting));
  await client.connect(transport);
  return {
    ...common("v1", wire, heard, client),
    get sessionId() {
      return transport.sessionId;
    },
    callTool: (name, args, options) =>
      client.callTool(toolParams(name, args, options), undefined, requestOptions(options)),
    request: (method, params = {}) => client.request({ method, params }, ResultSchema),
    listen: async () => void (await wire.answered(({ method }) => method === "GET")),
    endSession: () => transport.terminateSession(),
  };
}

async function connectV2(
  kind: "v2 legacy" | "v2 modern",
  url: string,
  setting: ClientSetting,
): Promise<TestClient> {
  const wire = new Wire();
  const heard: unknown[] = [];
  const mode = kind === "v2 modern" ? { pin: "2026-07-28" } : ("legacy" as const);
  const client = new ClientV2(
    { name: clientName, version: clientVersion },
    { capabilities: capabilities(setting), versionNegotiation: { mode } },
  );
  client.fallbackNotificationHandler = async (notification) => void heard.push(notification);
  client.setRequestHandler("sampling/createMessage", ({ method, params }) => {
    heard.push({ method, params });
    return sampled;
  });
  client.setRequestHandler("elicitation/create", ({ method, params }) => {
    heard.push({ method, params });
    return elicited;
  });
  if (setting.roots) {
    client.setRequestHandler("roots/list", ({ method, params }) => {
      heard.push({ method, params });
      return rooted;
    });
  }
  const transport = new TransportV2(new URL(url), transportOptions(wire, setting));
  await client.connect(transport);
  return {
    ...common(kind, wire, heard, client),
    get sessionId() {
      return transport.sessionId;
    },
    callTool: (name, args, options) =>
      client.callTool(toolParams(name, args, options), requestOptions(options)),
    request: (method, params = {}) => client.request({ method, params }, z.looseObject({})),
    listen: async () => {
      if (kind === "v2 modern") await client.listen({ toolsListChanged: true });
      else await wire.answered(({ method }) => method === "GET");
    },
    endSession: () => transport.terminateSession(),
  };
}

/** What is spelled alike in both versions of the SDK. */
function common(kind: ClientKind, wire: Wire, heard: unknown[], client: ClientV1 | ClientV2) {
  return {
    kind,
    wire,
    heard,
    listTools: () => client.listTools(),
    listResources: () => client.listResources(),
    listTemplates: () => client.listResourceTemplates(),
    listPrompts: () => client.listPrompts(),
    readResource: (uri: string) => client.readResource({ uri }),
    getPrompt: (name: string, args: Readonly<Record<string, string>>) =>
      client.getPrompt({ name, arguments: args }),
    setLogLevel: (level: "debug" | "warning") => client.setLoggingLevel(level),
    hear: async (count: number) => {
      await until(
        `${count} messages heard`,
        5_000,
        () => heard,
        (all) => all.length >= count,
      );
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function capabilities({ roots }: ClientSetting) {
  return { sampling: {}, elicitation: {}, ...(roots ? { roots: {} } : {}) };
}

function transportOptions(wire: Wire, { headers = {} }: ClientSetting) {
  return { fetch: wire.fetch, requestInit: { headers } };
}

function toolParams(name: string, args: object, { meta }: CallOptions = {}) {
  return { name, arguments: { ...args }, ...(meta ? { _meta: meta } : {}) };
}

function requestOptions({ signal, onProgress }: CallOptions = {}) {
  return { ...(signal ? { signal } : {}), ...(onProgress ? { onprogress: onProgress } : {}) };
}
