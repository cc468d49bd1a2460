/**
 * Tells listeners which servers there are: ours as they change, those of other processes that share the
 * file by looking whether it changed.
 *
 * Bounds: one look each `pollMs` while anyone listens, and no more than a number compared unless the file did
 * change. Keeps the servers told last, to know what became of them.
 */
import { isDeepStrictEqual } from "node:util";
import { Problem } from "../../problem.ts";
import type { Server } from "../../server.ts";
import type { ServerChange } from "../registry.ts";

/** What the watch needs of the registry. */
interface Watched {
  servers(): readonly Server[];
  /** Differs after another connection has committed; the same otherwise. */
  version(): unknown;
}

type Listener = (change: ServerChange) => void;

export class ServerWatch implements Disposable {
  readonly #pollMs: number;
  readonly #watched: Watched;
  readonly #listeners = new Set<Listener>();
  readonly #told = new Map<string, Server>();
  #version: unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor(pollMs: number, watched: Watched) {
    this.#pollMs = pollMs;
    this.#watched = watched;
  }

  add(listener: Listener): Disposable {
    this.#catchUp();
    for (const server of this.#told.values()) listener({ kind: "present", server });
    // A wrapper of its own, so that one function may listen twice.
    const watching: Listener = (change) => listener(change);
    this.#listeners.add(watching);
    this.#timer ??= setInterval(() => this.#look(), this.#pollMs).unref();
    return { [Symbol.dispose]: () => this.#remove(watching) };
  }

  tell(change: ServerChange): void {
    if (this.#listeners.size === 0) return;
    if (change.kind === "present") this.#told.set(change.server.id, change.server);
    else this.#told.delete(change.server.id);
    for (const listener of this.#listeners) listener(change);
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners) this.#remove(listener);
  }

  #look(): void {
    try {
      if (this.#watched.version() !== this.#version) this.#catchUp();
    } catch (cause) {
      // An outage of the file reaches whoever asks something of it; here the next look makes up for this one.
      if (!(cause instanceof Problem && cause.code === "unavailable")) throw cause;
    }
  }

  #catchUp(): void {
    // Before the servers: a change between the two is met again at the next look.
    this.#version = this.#watched.version();
    const gone = new Map(this.#told);
    for (const server of this.#watched.servers()) {
      gone.delete(server.id);
      if (isDeepStrictEqual(server, this.#told.get(server.id))) continue;
      this.#told.set(server.id, server);
      for (const listener of this.#listeners) listener({ kind: "present", server });
    }
    for (const server of gone.values()) {
      this.#told.delete(server.id);
      for (const listener of this.#listeners) listener({ kind: "removed", server });
    }
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#told.clear();
  }
}
