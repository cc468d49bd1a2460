/**
 * An OpenID provider that users sign in with: the authorization code flow with PKCE, state and nonce, by `openid-client`.
 *
 * In: the provider's issuer, found out about at the first sign-in and again each hour. Out: where to send the browser; then who
 * came back. Guarantees: an answer counts only in the browser that began, once begun within 10 minutes; ID tokens are checked by
 * their signature, too. All requests go through `send`.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";
import * as client from "openid-client";
import type { Clock } from "../clock.ts";
import { Problem } from "../problem.ts";

export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined;
}

/** One request, as `fetch` takes it; its answer, redirects not followed. */
export type Send = (url: string, request: Sending) => Promise<Response>;

export interface Sending {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}

/** Who the provider says that somebody is. */
export interface Identity {
  readonly issuer: string;
  /** Never changes, unlike the address. */
  readonly subject: string;
  readonly email: string | undefined;
  readonly isEmailVerified: boolean;
}

export const transactionMaxAgeS = 600;
const configurationMaxAgeMs = 3_600_000;
const timeoutS = 10;
const clockSkewS = 30;

/** What the browser keeps between leaving and coming back; nobody else can read or make it. */
interface Transaction {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Where to go in the dashboard, once signed in. */
  readonly next: string;
}

export interface ProviderOptions {
  readonly settings: ProviderSettings;
  readonly send: Send;
  /** 32 bytes that nothing else is encrypted with. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  /** Where the provider sends the browser back to. */
  readonly redirectUrl: () => string;
}

export class Provider {
  readonly #options: ProviderOptions;
  readonly #key: KeyObject;
  #found:
    | { readonly atMs: number; readonly configuration: Promise<client.Configuration> }
    | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#key = createSecretKey(options.key);
  }

  /** @throws Problem `unavailable` — the provider does not answer as one. */
  async begin(next: string): Promise<{ readonly url: string; readonly transaction: string }> {
    const configuration = await this.#configuration();
    const transaction: Transaction = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      next,
    };
    const { href } = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#options.redirectUrl(),
      scope: "openid email",
      state: transaction.state,
      nonce: transaction.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(transaction.verifier),
      code_challenge_method: "S256",
    });
    return { url: href, transaction: await this.#seal(transaction) };
  }

  /**
   * `query`: what the browser came back with. `sealed`: what it kept.
   *
   * @throws Problem `forbidden` — this browser has begun nothing, or too long ago, or the answer is not to that.
   * @throws Problem `unavailable` — the provider does not answer as one.
   */
  async finish(
    query: string,
    sealed: string | undefined,
  ): Promise<{ readonly identity: Identity; readonly next: string }> {
    const { state, nonce, verifier, next } = await this.#unseal(sealed);
    const configuration = await this.#configuration();
    const back = new URL(this.#options.redirectUrl());
    back.search = query;
    const tokens = await client
      .authorizationCodeGrant(configuration, back, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      .catch(notSignedIn);
    const claims = tokens.claims();
    if (!claims) throw new Problem("forbidden", "the provider gave no ID token");
    const told = claims.email === undefined ? await this.#userInfo(tokens, claims.sub) : claims;
    const email = typeof told.email === "string" ? told.email : undefined;
    const isEmailVerified = told.email_verified === true;
    return { identity: { issuer: claims.iss, subject: claims.sub, email, isEmailVerified }, next };
  }

  /** Providers may keep the address out of the ID token: OpenID Connect Core, section 5.4. */
  async #userInfo(
    tokens: { readonly access_token: string },
    subject: string,
  ): Promise<{ readonly email?: unknown; readonly email_verified?: unknown }> {
    const configuration = await this.#configuration();
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
    return client.fetchUserInfo(configuration, tokens.access_token, subject).catch(notSignedIn);
  }

  #configuration(): Promise<client.Configuration> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#found && nowMs - this.#found.atMs < configurationMaxAgeMs)
      return this.#found.configuration;
    const configuration = this.#discover();
    const found = { atMs: nowMs, configuration };
    this.#found = found;
    // What failed is tried again by who comes next.
    configuration.catch(() => {
      if (this.#found === found) this.#found = undefined;
    });
    return configuration;
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#options.settings;
    const url = new URL(issuer);
    const customFetch = this.#throughEgress();
    const isPlain = url.protocol === "http:";
    try {
      const discovered = await client.discovery(url, clientId, undefined, client.None(), {
        [client.customFetch]: customFetch,
        timeout: timeoutS,
        execute: isPlain ? [client.allowInsecureRequests] : [],
      });
      const server = discovered.serverMetadata();
      const configuration = new client.Configuration(
        server,
        clientId,
        { [client.clockTolerance]: clockSkewS },
        authentication(clientSecret, server.token_endpoint_auth_methods_supported),
      );
      configuration[client.customFetch] = customFetch;
      configuration.timeout = timeoutS;
      if (isPlain) client.allowInsecureRequests(configuration);
      client.enableNonRepudiationChecks(configuration);
      return configuration;
    } catch (cause) {
      throw new Problem("unavailable", `${url.origin} does not answer as a provider`, { cause });
    }
  }

  #throughEgress(): client.CustomFetch {
    return async (url, { method, headers, body }) => {
      const text = body === undefined || body === null ? null : String(body);
      const signal = AbortSignal.timeout(timeoutS * 1_000);
      const sent = this.#options.send(url, { method, headers, body: text, signal });
      const answer = await sent.catch((cause: unknown) => {
        throw new Problem("unavailable", "the provider could not be asked", { cause });
      });
      if (answer.status < 500) return answer;
      throw new Problem("unavailable", `the provider answers with ${answer.status}`);
    };
  }

  #seal(transaction: Transaction): Promise<string> {
    const nowS = Math.floor(this.#options.clock.nowMs() / 1_000);
    return new EncryptJWT({ ...transaction })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .setExpirationTime(nowS + transactionMaxAgeS)
      .encrypt(this.#key);
  }

  async #unseal(sealed: string | undefined): Promise<Transaction> {
    try {
      const { payload } = await jwtDecrypt(sealed ?? "", this.#key, {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
        requiredClaims: ["exp"],
        currentDate: new Date(this.#options.clock.nowMs()),
      });
      return payload as unknown as Transaction;
    } catch (cause) {
      const message = "this browser did not begin to sign in, or too long ago";
      throw new Problem("forbidden", message, { cause });
    }
  }
}

/** As the provider says it takes it; RFC 8414, section 2: Basic where it does not say. */
function authentication(
  secret: string | undefined,
  methods: readonly string[] = ["client_secret_basic"],
): client.ClientAuth {
  if (secret === undefined) return client.None();
  return methods.includes("client_secret_basic")
    ? client.ClientSecretBasic(secret)
    : client.ClientSecretPost(secret);
}

function notSignedIn(cause: unknown): never {
  if (cause instanceof client.ClientError && cause.cause instanceof Problem) throw cause.cause;
  if (cause instanceof Problem) throw cause;
  throw new Problem("forbidden", "the provider did not sign you in", { cause });
}
