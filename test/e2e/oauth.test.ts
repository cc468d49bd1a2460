/**
 * Clients that must sign in are given the proxy's URL and nothing else: they find the authorization server through us,
 * talk to it without us, and nothing of that is in the log but what passed.
 */
import { randomBytes } from "node:crypto";
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { McpEndpoint } from "../../demo/mcp-endpoint.ts";
import { OAuthUser } from "../conformance/oauth-user.ts";
import type { CallRow } from "./api.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization-server.ts";
import { type ClientKind, clientKinds } from "./clients.ts";
import { protectedMetadataPath, startProtected } from "./protected-upstream.ts";
import { type Registered, rigForFile } from "./rig.ts";
import { Signals } from "./signals.ts";
import { storedText } from "./stored-text.ts";
import { startUpstream } from "./upstream.ts";

const rig = rigForFile();
let inner: McpEndpoint;

beforeAll(async () => {
  inner = await startUpstream(new Signals());
});
afterAll(() => inner[Symbol.asyncDispose]());

interface Agent extends AsyncDisposable {
  /** Where it sent requests, in order. */
  readonly asked: readonly string[];
  /** Signs in if it must. */
  connect(): Promise<void>;
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  echo(text: string): Promise<unknown>;
}

/** An unmodified client and a person who consents. */
function newAgent(kind: ClientKind, url: string): Agent {
  const asked: string[] = [];
  const user = new OAuthUser();
  const options = {
    authProvider: user,
    fetch: (to: string | URL, init?: RequestInit) => {
      asked.push(`${init?.method ?? "GET"} ${new URL(to).origin}${new URL(to).pathname}`);
      return fetch(to, init);
    },
  };
  const name = { name: "signing-agent", version: "1.0" };
  const mode = kind === "v2 modern" ? { pin: "2026-07-28" } : ("legacy" as const);
  const newClient = () =>
    kind === "v1" ? new ClientV1(name) : new ClientV2(name, { versionNegotiation: { mode } });
  const newTransport = () =>
    kind === "v1" ? new TransportV1(new URL(url), options) : new TransportV2(new URL(url), options);
  let client = newClient();
  return {
    asked,
    async connect() {
      const transport = newTransport();
      await expect(client.connect(transport)).rejects.toThrow(/unauthorized/i);
      const returned = user.takeReturn() ?? new URLSearchParams();
      await user.finishing(() =>
        transport instanceof TransportV1
          ? transport.finishAuth(returned.get("code") ?? "")
          : transport.finishAuth(returned),
      );
      client = newClient();
      await client.connect(newTransport());
    },
    listTools: () => client.listTools(),
    echo: (text) => client.callTool({ name: "echo", arguments: { text } }),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

describe.for(clientKinds)("a %s client that is given the proxy's URL alone", (kind) => {
  test("signs in, calls a tool, and gets a new token when its own has ended", async () => {
    await using authorizationServer = await startAuthorizationServer();
    // As most do: whatever the token is for, the authorization server has been asked and said yes.
    const accepts = () => true;
    const setting = { innerUrl: inner.url, authorizationServer, accepts };
    await using upstream = await startProtected(setting);
    const { server, url } = await rig().register(upstream.url);
    const witness = `witness ${randomBytes(8).toString("hex")}`;
    {
      await using agent = newAgent(kind, url);
      await agent.connect();
      expect((await agent.listTools()).tools.map(({ name }) => name)).toContain("echo");
      expect(await agent.echo(witness)).toMatchObject({ content: [{ text: witness }] });
      expectDirect(agent, authorizationServer, { server, url });
      authorizationServer.expire();
      expect(await agent.echo("again")).toMatchObject({ content: [{ text: "again" }] });
      const { fields } = authorizationServer.asked.at(-1) ?? { fields: {} };
      expect(fields).toMatchObject({ grant_type: "refresh_token", resource: url });
    }
    expect(new Set(upstream.asked)).toEqual(new Set(["/mcp", protectedMetadataPath]));

    const echoes = (rows: readonly CallRow[]) =>
      rows.filter(({ tool_name }) => tool_name === "echo");
    const streams = (rows: readonly CallRow[]) =>
      rows.filter((row) => told(row).startsWith("http GET success"));
    const streamCount = kind === "v2 modern" ? 0 : 1;
    const calls = await rig().untilCalls(
      { server_id: server.id },
      (rows) => echoes(rows).length === 3 && streams(rows).length === streamCount,
    );
    // A stream is open beside the others, so its place among them is chance.
    const inOrder = calls.toReversed().filter((row) => !streams(calls).includes(row));
    expect(inOrder.map(told)).toEqual(expectedCalls(kind));
    await expectNoSecret(authorizationServer.secrets, calls, witness);
  });

  test("is let in by a server that takes tokens for the proxy's URL", async () => {
    await using authorizationServer = await startAuthorizationServer();
    let proxyUrl = "";
    const accepts = (audience: string) => audience === proxyUrl;
    await using upstream = await startProtected({
      innerUrl: inner.url,
      authorizationServer,
      accepts,
    });
    proxyUrl = (await rig().register(upstream.url)).url;
    await using agent = newAgent(kind, proxyUrl);
    await agent.connect();
    expect(await agent.echo("hello")).toMatchObject({ content: [{ text: "hello" }] });
  });

  test("is told so by a server that takes tokens for its own URL only, and the log shows it", async () => {
    await using authorizationServer = await startAuthorizationServer();
    const accepts = (audience: string) => audience === upstream.url;
    await using upstream = await startProtected({
      innerUrl: inner.url,
      authorizationServer,
      accepts,
    });
    const { server, url } = await rig().register(upstream.url);
    await using agent = newAgent(kind, url);
    await expect(agent.connect()).rejects.toThrow(/401|unauthorized/i);
    expect(authorizationServer.asked.map(({ path }) => path)).toContain("/token");
    const refused = { server_id: server.id, method: firstOf(kind) };
    const calls = await rig().untilCalls(refused, (all) => all.length >= 2);
    for (const call of calls) expect(call).toMatchObject({ error_kind: "http", status_code: 401 });
  });
});

/** The authorization server was asked by the client itself, for the URL that the client uses. */
function expectDirect(
  agent: Agent,
  { url: issuer, asked }: AuthorizationServer,
  { server, url }: Registered,
): void {
  const ours = agent.asked.filter((to) => to.includes(rig().url));
  expect(new Set(ours.map((to) => to.slice(to.indexOf(" ") + 1)))).toEqual(
    new Set([url, `${rig().url}/.well-known/oauth-protected-resource/p/${server.slug}`]),
  );
  const direct = agent.asked.filter((to) => !to.includes(rig().url));
  expect(new Set(direct)).toEqual(
    new Set([
      `GET ${issuer}/.well-known/oauth-authorization-server`,
      `POST ${issuer}/register`,
      `POST ${issuer}/token`,
    ]),
  );
  for (const { host } of asked) expect(host).toBe(new URL(issuer).host);
  const of = (path: string) => asked.filter((one) => one.path === path).map(({ fields }) => fields);
  expect(of("/register")).toHaveLength(1);
  expect(of("/authorize")).toMatchObject([{ resource: url, code_challenge_method: "S256" }]);
  expect(of("/token")).toMatchObject([{ resource: url, grant_type: "authorization_code" }]);
}

const told = ({ kind, method, path, tool_name, status, error_kind, status_code }: CallRow) =>
  `${kind} ${method}${path} ${tool_name} ${status} ${error_kind} ${status_code}`.replaceAll(
    / +/g,
    " ",
  );

const metadata = "http GET/.well-known/oauth-protected-resource success 200";

/** A refusal leads to the metadata, then to a token from elsewhere, then to the same request again. */
function expectedCalls(kind: ClientKind): readonly string[] {
  const handshakes = {
    legacy: [
      "request initialize success 200",
      "notification notifications/initialized success 202",
    ],
    modern: ["request server/discover success 200"],
  };
  return [
    `request ${firstOf(kind)} error http 401`,
    metadata,
    ...handshakes[kind === "v2 modern" ? "modern" : "legacy"],
    "request tools/list success 200",
    "request tools/call echo success 200",
    "request tools/call echo error http 401",
    metadata,
    "request tools/call echo success 200",
  ];
}

function firstOf(kind: ClientKind): string {
  return kind === "v2 modern" ? "server/discover" : "initialize";
}

async function expectNoSecret(
  secrets: ReadonlySet<string>,
  calls: readonly CallRow[],
  witness: string,
) {
  expect(secrets.size).toBeGreaterThanOrEqual(7);
  const { api, dataDir, output } = rig();
  const full = await Promise.all(
    calls.map(async ({ id }) => [await api.call(id), await api.messages(id)]),
  );
  const stored = await storedText(dataDir);
  expect(stored).toContain(witness);
  const everywhere = [JSON.stringify(calls), JSON.stringify(full), stored, ...output].join("\n");
  for (const secret of secrets) expect(everywhere.includes(secret)).toBe(false);
}
