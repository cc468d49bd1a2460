/**
 * What stands in the log in place of a secret: its type and a keyed digest, so that equal secrets
 * can be told from different ones by those who read the log, and guessed by nobody.
 *
 * Bounds: digests of the last `sealsMax` secrets are remembered, in memory only, for clients send
 * the same ones with each request.
 */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { detach } from "./detach.ts";
import { spellings } from "./own-secrets.ts";

const sealsMax = 4_096;
const sealedMaxLength = 4_096;

export class Seal {
  readonly #key: KeyObject;
  readonly #digests = new Map<string, string>();

  /** Credentials of ours that have no form of their own, in all their spellings. */
  readonly ownSecrets: readonly string[];

  constructor(digestKey: Uint8Array, ownSecrets: readonly string[] = []) {
    this.ownSecrets = ownSecrets.flatMap(spellings);
    // Made once: a digest with a key of bytes takes 10 µs, with this one 1.3.
    this.#key = createSecretKey(digestKey);
  }

  /** `[redacted:bearer:1a2b3c4d]` */
  mark(type: string, secret: string): string {
    return `[redacted:${type}:${this.#digestOf(secret).slice(0, 8)}]`;
  }

  /** The session's name in the log: 32 hex characters. The id itself is a credential. */
  sessionId(serverId: string, id: string): string {
    return this.#digestOf(`${serverId}\0${id}`).slice(0, 32);
  }

  /** Of something to be told again and never shown; not remembered here. */
  digest(text: string): string {
    return createHmac("sha256", this.#key).update(`digest\0${text}`).digest("base64");
  }

  #digestOf(text: string): string {
    const known = this.#digests.get(text);
    if (known !== undefined) return known;
    const digest = createHmac("sha256", this.#key).update(text).digest("hex");
    if (text.length <= sealedMaxLength) {
      if (this.#digests.size >= sealsMax) {
        const [oldest] = this.#digests.keys();
        if (oldest !== undefined) this.#digests.delete(oldest);
      }
      this.#digests.set(detach(text), digest);
    }
    return digest;
  }
}
