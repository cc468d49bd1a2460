/**
 * What an agent does with a server, written once and run by every client against every server,
 * direct and through us. A scenario returns what its user sees; what it hears and what goes over
 * the wire is observed beside it.
 */
import { randomUUID } from "node:crypto";
import type { ClientKind, ClientSetting, TestClient } from "./clients.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface Stage {
  readonly client: TestClient;
  readonly url: string;
  readonly words: Vocabulary;
}

export interface Scenario {
  readonly run: (stage: Stage) => Promise<unknown>;
  readonly client?: ClientSetting;
  /** Only where the server has this word. */
  readonly needs?: keyof Vocabulary;
  /** Only in the era that has it. */
  readonly era?: "legacy" | "modern";
  /** The client leaves amid an exchange: how much of it had passed by then is left to chance. */
  readonly leaves?: true;
}

const tenMebibytes = 10 * 1_024 * 1_024;

const listing: Record<string, Scenario> = {
  "lists what there is": {
    run: async ({ client }) => [
      await client.listTools(),
      await client.listResources(),
      await client.listTemplates(),
      await client.listPrompts(),
    ],
  },
  "reads a resource": { run: ({ client, words }) => client.readResource(words.resource) },
  "reads a resource that is not there": {
    run: ({ client }) => thrown(client.readResource("test://nowhere")),
  },
  "gets a prompt": { run: ({ client, words }) => client.getPrompt(...words.prompt) },
  "gets a prompt that refuses": {
    run: ({ client, words }) => thrown(client.getPrompt(words.refusedPrompt, {})),
  },
  "calls a method that is not there": {
    run: ({ client }) => thrown(client.request("acme/unheard-of", { a: [1, "1", null] })),
  },
};

const calling: Record<string, Scenario> = {
  "calls a tool": {
    run: ({ client, words }) => client.callTool(...words.echo('Grüße, 世界 🌍 \n\t" \u2028')),
  },
  "calls a tool with structured output": {
    run: ({ client, words }) => client.callTool(...words.add(2, 40)),
  },
  "sees a tool fail": { run: ({ client, words }) => client.callTool(...words.fail) },
  "calls a tool that is not there": {
    // One SDK answers with a protocol error, the other with a failed result.
    run: ({ client }) => client.callTool("no-such-tool", { a: 1 }).catch(plain),
  },
  "receives 10 MiB": {
    needs: "big",
    run: async ({ client, words }) => words.big && client.callTool(...words.big(tenMebibytes)),
  },
  "makes twenty calls at once": {
    run: ({ client, words }) =>
      Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          index % 4 === 3
            ? client.callTool(...words.progress, { onProgress: () => undefined })
            : client.callTool(...words.echo(`call ${index}`)),
        ),
      ),
  },
  "cancels a tool, and the server sees it": {
    leaves: true,
    run: async ({ client, words }) => {
      const label = randomUUID();
      const leave = new AbortController();
      const call = thrown(client.callTool(...words.slow(label), { signal: leave.signal }));
      await words.signals?.wait(`started ${label}`);
      leave.abort("changed my mind");
      const error = await call;
      await words.signals?.wait(`cancelled ${label}`, 1_000);
      return error;
    },
  },
};

const listening: Record<string, Scenario> = {
  "hears progress before the answer": {
    run: async ({ client, words }) => {
      const order: unknown[] = [];
      const onProgress = (progress: unknown) => void order.push(progress);
      order.push(await client.callTool(...words.progress, { onProgress }));
      return order;
    },
  },
  "sets the log level": {
    era: "legacy",
    run: ({ client }) => client.setLogLevel("warning"),
  },
  "hears log messages before the answer": {
    needs: "log",
    run: async ({ client, words }) => {
      if (client.kind !== "v2 modern") await client.setLogLevel("debug");
      const meta = { "io.modelcontextprotocol/logLevel": "debug" };
      return words.log && client.callTool(...words.log, { meta });
    },
  },
  "hears what the server says unasked": {
    needs: "announce",
    leaves: true,
    run: async ({ client, words }) => {
      await client.listen();
      const answer = words.announce && (await client.callTool(...words.announce));
      await client.hear(1);
      return answer;
    },
  },
  "lends its model to the server": {
    run: async ({ client, words }) => {
      await untilItMayBeAsked(client);
      return client.callTool(...words.sample);
    },
  },
  "lends its user to the server": {
    run: async ({ client, words }) => {
      await untilItMayBeAsked(client);
      return client.callTool(...words.ask);
    },
  },
  "answers a request that came unasked": {
    needs: "asksForRoots",
    client: { roots: true },
    leaves: true,
    run: ({ client }) => client.hear(2),
  },
};

/**
 * SDK servers of the legacy era ask on the client's GET stream, and what they ask before it is open is lost. Clients open it
 * beside their first call, so that either may come first.
 */
async function untilItMayBeAsked(client: TestClient): Promise<void> {
  if (client.kind !== "v2 modern") await client.listen();
}

/** Requests that the SDK's clients do not send, or hide the answer of. */
const bare: Record<string, Scenario> = {
  "ends its session and is told so afterwards": {
    era: "legacy",
    run: async ({ client, url }) => {
      const headers = { "mcp-session-id": client.sessionId ?? "" };
      await client.endSession();
      return [
        await post(client, url, headers, { jsonrpc: "2.0", id: 1, method: "ping" }),
        await answer(client.wire.fetch(url, { method: "DELETE", headers })),
      ];
    },
  },
  "posts without a session": {
    era: "legacy",
    run: ({ client, url }) => post(client, url, {}, { jsonrpc: "2.0", id: "a", method: "ping" }),
  },
  "posts a batch": {
    era: "legacy",
    run: ({ client, url, words }) => {
      const [name, args] = words.echo("one of three");
      const params = { name, arguments: args };
      return post(client, url, { "mcp-session-id": client.sessionId ?? "" }, [
        { jsonrpc: "2.0", id: 901, method: "ping" },
        {
          jsonrpc: "2.0",
          method: "notifications/progress",
          params: { progressToken: 9, progress: 1 },
        },
        { jsonrpc: "2.0", id: "901", method: "tools/call", params },
      ]);
    },
  },
  "posts what is no JSON": {
    run: ({ client, url }) => post(client, url, {}, "{ this is not JSON"),
  },
  "asks with a method that the server does not take": {
    run: ({ client, url }) => answer(client.wire.fetch(url, { method: "PUT", body: "{}" })),
  },
};

const scenarios = { ...listing, ...calling, ...listening, ...bare };

/** Those that this client can run against a server with these words, by name. */
export function scenariosFor(
  kind: ClientKind,
  words: Vocabulary,
): readonly (readonly [name: string, scenario: Scenario])[] {
  const clientEra = kind === "v2 modern" ? "modern" : "legacy";
  return Object.entries(scenarios).filter(
    ([, { era, needs }]) =>
      (era === undefined || era === clientEra) && (needs === undefined || words[needs]),
  );
}

async function post(
  { wire }: TestClient,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<unknown> {
  return answer(
    wire.fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    }),
  );
}

async function answer(pending: Promise<Response>): Promise<unknown> {
  const response = await pending;
  return { status: response.status, body: await response.text() };
}

/** The error that must come, as a value that can be compared. */
async function thrown(promise: Promise<unknown>): Promise<unknown> {
  const result = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in result) throw new Error(`expected an error, got ${JSON.stringify(result.value)}`);
  return plain(result.error);
}

function plain(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, code, data } = error as Error & { code?: unknown; data?: unknown };
  return { name, message, code, data };
}
