/**
 * What the data plane knows of servers, in memory, so that no exchange waits for a store.
 *
 * In: servers as the registry tells them. Out: a target by slug, in one lookup. Bounded by the number
 * of servers there are.
 */
import type { Server } from "../server.ts";
import { type Target, toTarget } from "./target.ts";

export class Directory {
  readonly #targets = new Map<string, Target>();
  readonly #slugs = new Map<string, string>();

  /** Learns a server or its changes; an inactive one stays known but is not found. */
  put(server: Server): void {
    const earlier = this.#slugs.get(server.id);
    if (earlier !== undefined && earlier !== server.slug) this.#targets.delete(earlier);
    this.#slugs.set(server.id, server.slug);
    if (server.isActive) this.#targets.set(server.slug, toTarget(server));
    else this.#targets.delete(server.slug);
  }

  remove(server: Server): void {
    const slug = this.#slugs.get(server.id);
    if (slug !== undefined) this.#targets.delete(slug);
    this.#slugs.delete(server.id);
  }

  find(slug: string): Target | undefined {
    return this.#targets.get(slug);
  }

  /** How many servers are known, inactive ones included. */
  get size(): number {
    return this.#slugs.size;
  }
}
