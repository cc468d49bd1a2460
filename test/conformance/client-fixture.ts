/**
 * The client that the official conformance suite looks at: the official SDK 2.x, and an agent that
 * connects, signs in when it must, and calls every tool.
 *
 * In: the server's URL; MCP_CONFORMANCE_SCENARIO, _PROTOCOL_VERSION and _CONTEXT from the suite.
 * Out: traffic, then the end of the process; an error when it cannot connect or list the tools.
 */
import {
  Client,
  ClientCredentialsProvider,
  DpopSession,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
  type Tool,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { OAuthUser } from "./oauth-user.ts";

interface ToolCall {
  readonly name: string;
  readonly arguments?: Record<string, unknown>;
}

/** What a scenario hands to the client beside the URL. */
interface ScenarioContext {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
  readonly signing_algorithm?: string;
  readonly toolCalls?: readonly ToolCall[];
}

/** The first answer of 401, and one of a step up. */
const signInsMax = 2;

export async function runClient(url: string): Promise<never> {
  const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? "";
  const context: ScenarioContext = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
  const agent = new Agent(new URL(url), await authorizationFor(scenario, context));
  await agent.connect();
  const tools = await agent.listTools();
  for (const call of callsFor(tools, context)) {
    await agent.callTool(call).catch((error: Error) => console.error(call.name, error.message));
  }
  await agent.close();
  // What a scenario leaves open must not keep us.
  process.exit(0);
}

/** A client that signs in when it is told to, and tries again. */
class Agent {
  readonly #url: URL;
  readonly #authorization: OAuthClientProvider;
  #client: Client | undefined;
  #transport: StreamableHTTPClientTransport | undefined;

  constructor(url: URL, authorization: OAuthClientProvider) {
    this.#url = url;
    this.#authorization = authorization;
  }

  connect(): Promise<void> {
    return this.#signedIn(async () => {
      await this.#client?.close();
      this.#transport = new StreamableHTTPClientTransport(this.#url, {
        authProvider: this.#authorization,
      });
      this.#client = newClient();
      await this.#client.connect(this.#transport);
    });
  }

  async listTools(): Promise<readonly Tool[]> {
    const { tools } = await this.#signedIn(() => this.#connected().listTools());
    return tools;
  }

  async callTool(call: ToolCall): Promise<void> {
    await this.#signedIn(() => this.#connected().callTool({ ...call }));
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  #connected(): Client {
    if (!this.#client) throw new Error("the client is not connected");
    return this.#client;
  }

  async #signedIn<Value>(attempt: () => Promise<Value>): Promise<Value> {
    for (let signIns = 0; ; signIns += 1) {
      try {
        return await attempt();
      } catch (error) {
        const user = this.#authorization instanceof OAuthUser ? this.#authorization : undefined;
        const returned = user?.takeReturn();
        if (!(error instanceof UnauthorizedError) || !user || !returned) throw error;
        if (signIns >= signInsMax) throw error;
        await user.finishing(async () => this.#transport?.finishAuth(returned));
      }
    }
  }
}

function newClient(): Client {
  const version = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION;
  const modern = version === "2026-07-28";
  const client = new Client(
    { name: "conformance-client", version: "1.0.0" },
    {
      capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
      ...(modern ? { versionNegotiation: { mode: "auto" as const } } : {}),
    },
  );
  client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: {} }));
  return client;
}

async function authorizationFor(
  scenario: string,
  context: ScenarioContext,
): Promise<OAuthClientProvider> {
  const { client_id: clientId = "", client_secret: clientSecret = "" } = context;
  if (scenario === "auth/client-credentials-basic") {
    return new ClientCredentialsProvider({ clientId, clientSecret });
  }
  if (scenario === "auth/client-credentials-jwt") {
    const { private_key_pem: privateKey = "", signing_algorithm: algorithm = "ES256" } = context;
    return new PrivateKeyJwtProvider({ clientId, privateKey, algorithm });
  }
  const user = new OAuthUser();
  if (scenario === "auth/pre-registration") {
    user.saveClientInformation({ client_id: clientId, client_secret: clientSecret });
  }
  if (scenario.startsWith("auth/dpop")) user.proveWith(await DpopSession.create());
  return user;
}

/** What the scenario asks for; else each tool once, with the least it takes. */
function callsFor(tools: readonly Tool[], { toolCalls = [] }: ScenarioContext): ToolCall[] {
  const calls = [...toolCalls];
  // The scenario wants to see the schema as we got it.
  const schema = tools.find(({ name }) => name === "json_schema_2020_12_tool")?.inputSchema;
  if (schema) calls.push({ name: "json_schema_echo", arguments: { schema } });
  if (calls.length > 0) return calls;
  return tools.map(({ name, inputSchema }) => ({ name, arguments: leastArguments(inputSchema) }));
}

const leastByType: Readonly<Record<string, unknown>> = {
  number: 2,
  integer: 2,
  boolean: true,
  object: {},
  array: [],
};

function leastArguments({ properties = {}, required = [] }: Tool["inputSchema"]) {
  const args: Record<string, unknown> = {};
  for (const name of required) {
    const property = properties[name];
    const type = (property as { readonly type?: unknown } | undefined)?.type;
    args[name] = leastByType[String(type)] ?? "x";
  }
  return args;
}
