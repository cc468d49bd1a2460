/**
 * What proves who asks: the session's cookie, which scripts cannot read, with its CSRF token; or an
 * API key that was pasted, kept for this tab only.
 */
import { LiveValue } from "./live-value.ts";

const storageKey = "hookwatch.api-key";

class Credentials {
  /** Grows by one each time the host refuses what we have; the shell leads to sign-in then. */
  readonly refusals = new LiveValue(0);
  #apiKey = readKey();
  #csrfToken: string | undefined;

  get apiKey(): string | undefined {
    return this.#apiKey;
  }

  takeApiKey(key: string): void {
    this.#apiKey = key;
    keepKey(key);
  }

  takeSession(csrfToken: string | undefined): void {
    this.#csrfToken = csrfToken;
  }

  forget(): void {
    this.#apiKey = undefined;
    this.#csrfToken = undefined;
    keepKey(undefined);
  }

  refused(): void {
    this.refusals.set(this.refusals.get() + 1);
  }

  /** Header fields of a request. Reading changes nothing and needs no CSRF token. */
  fieldsFor(method: string): Record<string, string> {
    if (this.#apiKey !== undefined) return { Authorization: `Bearer ${this.#apiKey}` };
    const reads = method === "GET" || method === "HEAD";
    return reads || this.#csrfToken === undefined ? {} : { "X-CSRF-Token": this.#csrfToken };
  }
}

export const credentials = new Credentials();

function readKey(): string | undefined {
  try {
    return sessionStorage.getItem(storageKey) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Where storage is forbidden the key lives as long as the page. */
function keepKey(key: string | undefined): void {
  try {
    if (key === undefined) sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, key);
  } catch {
    return;
  }
}
