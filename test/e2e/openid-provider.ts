/**
 * A real OpenID provider, on a port of its own, and browsers that go through its pages. Whoever types an account's name is that
 * account; `people` says what the provider knows of it.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
// It has no types, and its pages are asked over HTTP alone.
// @ts-expect-error TS7016
import { Provider } from "oidc-provider";

export const clientId = "hookwatch";
export const clientSecret = randomBytes(24).toString("hex");

export interface KnownPerson {
  readonly email: string;
  readonly email_verified: boolean;
}

export interface OpenIdProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly people: Map<string, KnownPerson>;
  /** Paths asked for, in their order. */
  readonly asked: readonly string[];
  /** Where it lets browsers go back to; until then it knows no client. */
  admit(redirectUrl: string, secret?: string): void;
  /** Answers 503 to everything while false. */
  isUp: boolean;
}

/** `inIdToken`: whether addresses are in ID tokens, or for whoever asks for them with an access token. */
export async function startOpenIdProvider({ inIdToken = false } = {}): Promise<OpenIdProvider> {
  let answer: RequestListener | undefined;
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (answer && provider.isUp) answer(request, response);
    else response.writeHead(503).end();
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const people = new Map<string, KnownPerson>();
  const provider: OpenIdProvider = {
    issuer,
    people,
    asked,
    isUp: true,
    admit: (redirectUrl, secret = clientSecret) => {
      answer = new Provider(issuer, {
        clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [redirectUrl] }],
        claims: { openid: ["sub"], email: ["email", "email_verified"] },
        conformIdTokenClaims: !inIdToken,
        findAccount: (_: unknown, accountId: string) => ({
          accountId,
          claims: () => ({ sub: accountId, ...people.get(accountId) }),
        }),
        cookies: { keys: [randomBytes(24).toString("hex")] },
      }).callback();
    },
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await once(http, "close");
    },
  };
  return provider;
}

/** Keeps cookies for each origin, follows a redirect only when told to, and types what people type. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url);
    const jar = this.cookies(origin);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(cookie && { cookie }), ...(init.headers as Record<string, string>) };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  cookies(origin: string): Map<string, string> {
    const jar = this.#jars.get(origin) ?? new Map<string, string>();
    this.#jars.set(origin, jar);
    return jar;
  }

  /** From our start page through the provider's; where the provider sends the browser back to. */
  async signInAs(account: string, startUrl: string): Promise<string> {
    let response = await this.open(startUrl);
    for (let hops = 0; hops < 12; hops++) {
      const location = response.headers.get("location");
      if (!location) throw new Error(`${response.url} is a dead end: ${response.status}`);
      const url = new URL(location, response.url).href;
      if (url.startsWith(new URL(startUrl).origin)) return url;
      response = await this.open(url);
      if (response.status === 200)
        response = await this.#submit(url, await response.text(), account);
    }
    throw new Error("the provider redirects without end");
  }

  #submit(url: string, page: string, account: string): Promise<Response> {
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? "";
    const body = new URLSearchParams({ prompt, login: account, password: "any" });
    return this.open(url, { method: "POST", body });
  }
}
