/**
 * An OAuth 2.1 authorization server: metadata (RFC 8414), dynamic registration (RFC 7591), authorization code with PKCE,
 * refresh tokens, resource indicators (RFC 8707). Its user consents to everything.
 *
 * Remembers what it was asked, and every secret that it gave out or was given.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface AuthorizationServer extends AsyncDisposable {
  readonly url: string;
  /** Each request, in order. */
  readonly asked: readonly AskedOfIt[];
  /** Codes, tokens, client secrets, verifiers. */
  readonly secrets: ReadonlySet<string>;
  /** The resource that a token is for; undefined for what is no token, or no longer one. */
  audienceOf(token: string): string | undefined;
  /** Access tokens given out so far end here; refresh tokens do not. */
  expire(): void;
}

export interface AskedOfIt {
  readonly path: string;
  readonly host: string;
  readonly fields: Readonly<Record<string, string>>;
}

interface Grant {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly resource: string;
}

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const server = new MockServer();
  const http = createServer((request, response) => {
    server.answer(request, response).catch((cause: Error) => response.destroy(cause));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  server.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  });
}

class MockServer {
  url = "";
  readonly asked: AskedOfIt[] = [];
  readonly secrets = new Set<string>();
  readonly #clients = new Map<string, string>();
  readonly #codes = new Map<string, Grant>();
  readonly #refreshTokens = new Map<string, Grant>();
  readonly #audiences = new Map<string, string>();

  audienceOf(token: string): string | undefined {
    return this.#audiences.get(token);
  }

  expire(): void {
    this.#audiences.clear();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", this.url);
    const text = Buffer.concat(await Array.fromAsync(request)).toString();
    const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
    const fields = Object.fromEntries(isForm ? new URLSearchParams(text) : searchParams);
    this.asked.push({ path: pathname, host: request.headers.host ?? "", fields });
    switch (pathname) {
      case "/.well-known/oauth-authorization-server":
        return send(response, 200, this.#metadata());
      case "/register":
        return send(response, 201, this.#register(JSON.parse(text)));
      case "/authorize":
        response.writeHead(302, { location: this.#authorize(fields) }).end();
        return;
      case "/token":
        return this.#grant(fields, response);
      default:
        return send(response, 404, { error: "not_found" });
    }
  }

  #metadata() {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      registration_endpoint: `${this.url}/register`,
      response_types_supported: ["code"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: ["client_secret_post"],
      authorization_response_iss_parameter_supported: true,
    };
  }

  #register(asked: object) {
    const clientId = randomBytes(8).toString("hex");
    const secret = this.#secret();
    this.#clients.set(clientId, secret);
    return { ...asked, client_id: clientId, client_secret: secret, client_secret_expires_at: 0 };
  }

  #authorize(asked: Readonly<Record<string, string>>): string {
    const { client_id = "", redirect_uri = "", code_challenge = "", resource = "" } = asked;
    if (!this.#clients.has(clientIdOf(asked)) || asked.code_challenge_method !== "S256") {
      throw new Error("an authorization request without a client or a challenge");
    }
    const code = this.#secret();
    const grant = { clientId: client_id, redirectUri: redirect_uri, challenge: code_challenge };
    this.#codes.set(code, { ...grant, resource });
    const back = new URL(redirect_uri);
    back.searchParams.set("code", code);
    back.searchParams.set("iss", this.url);
    if (asked.state) back.searchParams.set("state", asked.state);
    return back.href;
  }

  #grant(asked: Readonly<Record<string, string>>, response: ServerResponse): undefined {
    const { code = "", code_verifier = "", refresh_token = "" } = asked;
    if (this.#clients.get(clientIdOf(asked)) !== asked.client_secret) {
      return send(response, 401, { error: "invalid_client" });
    }
    if (code_verifier !== "") this.secrets.add(code_verifier);
    const grants = asked.grant_type === "refresh_token" ? this.#refreshTokens : this.#codes;
    const key = asked.grant_type === "refresh_token" ? refresh_token : code;
    const grant = grants.get(key);
    grants.delete(key);
    const proven = createHash("sha256").update(code_verifier).digest("base64url");
    const isProven = grants === this.#refreshTokens || proven === grant?.challenge;
    const isSame =
      grant?.clientId === asked.client_id && grant?.resource === (asked.resource ?? "");
    if (!grant || !isProven || !isSame) return send(response, 400, { error: "invalid_grant" });
    const accessToken = this.#secret();
    const refreshToken = this.#secret();
    this.#audiences.set(accessToken, grant.resource);
    this.#refreshTokens.set(refreshToken, grant);
    send(response, 200, {
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: 3_600,
      refresh_token: refreshToken,
    });
  }

  /** Of no form that anything could know it by. */
  #secret(): string {
    const secret = randomBytes(24).toString("base64url");
    this.secrets.add(secret);
    return secret;
  }
}

function clientIdOf({ client_id = "" }: Readonly<Record<string, string>>): string {
  return client_id;
}

function send(response: ServerResponse, status: number, body: object): undefined {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
