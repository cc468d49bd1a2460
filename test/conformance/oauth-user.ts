/**
 * A person with a browser, as the SDK's OAuth client sees one: remembers what it is given for as long
 * as the process lives, and consents to everything.
 */
import type {
  DpopSession,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from "@modelcontextprotocol/client";

const callback = "http://localhost:3000/callback";
/** From the authorization endpoint to our own callback. */
const redirectsMax = 8;

export class OAuthUser implements OAuthClientProvider {
  readonly redirectUrl = callback;
  readonly clientMetadataUrl = "https://conformance-test.local/client-metadata.json";
  readonly clientMetadata = {
    client_name: "conformance-client",
    redirect_uris: [callback],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    application_type: "native" as const,
  };
  dpop?: () => DpopSession;
  #client: StoredOAuthClientInformation | undefined;
  #tokens: StoredOAuthTokens | undefined;
  #discovery: OAuthDiscoveryState | undefined;
  #verifier = "";
  #returned: URLSearchParams | undefined;
  #finishing = false;

  /** Binds tokens to a key (RFC 9449). */
  proveWith(session: DpopSession): void {
    this.dpop = () => session;
  }

  /** What the browser brought back to the callback, once. */
  takeReturn(): URLSearchParams | undefined {
    const returned = this.#returned;
    this.#returned = undefined;
    return returned;
  }

  /** While `finish` runs, the discovery that led to the consent is known; else it is made anew. */
  async finishing(finish: () => Promise<void>): Promise<void> {
    this.#finishing = true;
    try {
      await finish();
    } finally {
      this.#finishing = false;
    }
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    let next = url;
    for (let redirects = 0; redirects < redirectsMax; redirects += 1) {
      const response = await fetch(next, { redirect: "manual" });
      const location = response.headers.get("location");
      if (!location) throw new Error(`${next} answered ${response.status} without a redirect`);
      next = new URL(location, next);
      if (next.href.startsWith(callback)) {
        this.#returned = next.searchParams;
        return;
      }
    }
    throw new Error(`more than ${redirectsMax} redirects from ${url}`);
  }

  clientInformation() {
    return this.#client;
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client;
  }

  tokens() {
    return this.#tokens;
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.#tokens = tokens;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  discoveryState() {
    return this.#finishing ? this.#discovery : undefined;
  }

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovery = state;
  }

  invalidateCredentials(scope: "all" | "client" | "tokens" | "verifier" | "discovery"): void {
    const all = scope === "all";
    if (all || scope === "tokens") this.#tokens = undefined;
    if (all || scope === "client") this.#client = undefined;
    if (all || scope === "discovery") this.#discovery = undefined;
    if (all || scope === "verifier") this.#verifier = "";
  }
}
