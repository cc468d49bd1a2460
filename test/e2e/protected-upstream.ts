/** An MCP server that wants tokens, and says where they are to be had (RFC 9728). */
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AuthorizationServer } from "./authorization-server.ts";

export interface ProtectedUpstream extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
}

export interface ProtectedSetting {
  /** The MCP server behind the check. */
  readonly innerUrl: string;
  readonly authorizationServer: AuthorizationServer;
  /** Which audiences of a token are taken. */
  readonly accepts: (audience: string) => boolean;
}

export const protectedMetadataPath = "/.well-known/oauth-protected-resource/mcp";

export async function startProtected(setting: ProtectedSetting): Promise<ProtectedUpstream> {
  const { innerUrl, authorizationServer, accepts } = setting;
  const asked: string[] = [];
  const isAllowed = ({ headers }: IncomingMessage) => {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "";
    const audience = authorizationServer.audienceOf(token);
    return audience !== undefined && accepts(audience);
  };
  const http = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url === protectedMetadataPath) {
      const authorization_servers = [authorizationServer.url];
      sendJson(response, 200, { resource: url, authorization_servers, scopes_supported: ["mcp"] });
    } else if (request.url !== "/mcp") sendJson(response, 404, { error: "not_found" });
    else if (isAllowed(request)) passOn(request, response, innerUrl);
    else {
      const metadata = `${new URL(url).origin}${protectedMetadataPath}`;
      response.setHeader("www-authenticate", `Bearer resource_metadata="${metadata}", scope="mcp"`);
      sendJson(response, 401, { error: "invalid_token" });
    }
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
  return {
    url,
    asked,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function passOn(request: IncomingMessage, response: ServerResponse, innerUrl: string): void {
  const { method, headers } = request;
  const { authorization: _, ...kept } = headers;
  const inner = ask(innerUrl, { method, headers: kept }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  });
  inner.once("error", () => response.destroy());
  response.once("close", () => inner.destroy());
  request.pipe(inner);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
