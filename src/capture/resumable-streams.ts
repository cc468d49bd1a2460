/**
 * Which stream an event id was seen on: a client whose stream ended goes on with it by a GET that
 * names the last id it got (2025-11-25, `Last-Event-ID`).
 *
 * In: ids of events, within their scope. Out: the number of their stream, the same for all exchanges
 * that carry it. Bounds: the last `idsMax` ids; a server that fills them gives up its own oldest.
 */
import { hash } from "node:crypto";
import type { Scope } from "./scopes.ts";

export class ResumableStreams {
  readonly #max: number;
  /** By server, then by digest of scope and id; the oldest first. */
  readonly #byServer = new Map<string, Map<string, number>>();
  #size = 0;
  #streams = 0;

  constructor(idsMax: number) {
    this.#max = idsMax;
  }

  get size(): number {
    return this.#size;
  }

  /** A number that no stream has. */
  next(): number {
    this.#streams += 1;
    return this.#streams;
  }

  /** The stream that carried the event; undefined when that is not known any more. */
  find(scope: Scope, id: string): number | undefined {
    return this.#byServer.get(scope.serverId)?.get(toKey(scope, id));
  }

  /** Remembers the event. False when the stream had carried it before. */
  add(scope: Scope, id: string, stream: number): boolean {
    let own = this.#byServer.get(scope.serverId);
    if (!own) {
      own = new Map();
      this.#byServer.set(scope.serverId, own);
    }
    const key = toKey(scope, id);
    const known = own.get(key);
    if (known === stream) return false;
    if (known === undefined) this.#size += 1;
    own.delete(key);
    own.set(key, stream);
    if (this.#size > this.#max) this.#evict();
    return true;
  }

  #evict(): void {
    let most: Map<string, number> | undefined;
    for (const own of this.#byServer.values()) if (own.size > (most?.size ?? 0)) most = own;
    const [oldest] = most?.keys() ?? [];
    if (oldest === undefined) return;
    most?.delete(oldest);
    this.#size -= 1;
  }
}

/** Of one length, whatever the server makes of its ids. */
function toKey({ key }: Scope, id: string): string {
  return hash("sha1", `${key}\0${id}`, "base64");
}
