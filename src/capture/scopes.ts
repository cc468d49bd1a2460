/**
 * Within what an id means something: one session of one server.
 *
 * A scope is named by `Mcp-Session-Id`, or by the endpoint of a legacy event stream; an exchange
 * without either is a scope of its own, which no other exchange can find. Ids count from zero in
 * every client, so nothing is ever matched by id alone.
 *
 * Bounds: `scopesMax` scopes; a server that fills them gives up its own oldest ones first.
 */
import { FleetingMap } from "../fleeting.ts";
import type { CallDraft } from "./call-draft.ts";
import { type ClientFacts, unknownClient } from "./client-facts.ts";

export type ScopeKind = "session" | "stream";

export class Scope {
  readonly serverId: string;
  /** Kind and id; "" for a scope that cannot be found. */
  readonly key: string;
  /** As the log shows it: a keyed digest, "" without a session. */
  readonly sessionId: string;
  client: ClientFacts = unknownClient;
  /** Requests that wait for an answer, by JSON text of their id. */
  readonly fromClient = new FleetingMap<string, CallDraft>();
  readonly fromServer = new FleetingMap<string, CallDraft>();
  /** Requests of the client by JSON text of their progress token. */
  readonly byProgressToken = new FleetingMap<string, CallDraft>();
  /** GET streams on which an answer may still come. */
  openStreams = 0;

  constructor(serverId: string, key = "", sessionId = "") {
    this.serverId = serverId;
    this.key = key;
    this.sessionId = sessionId;
  }

  /** True when other exchanges may speak in it. */
  get isShared(): boolean {
    return this.key !== "";
  }

  register(draft: CallDraft): void {
    const requests = draft.direction === "client" ? this.fromClient : this.fromServer;
    requests.set(draft.rpcId, draft);
    if (draft.progressToken !== "") this.byProgressToken.set(draft.progressToken, draft);
  }

  /** Only if the id is still that draft's: a client may have used it again. */
  unregister(draft: CallDraft): void {
    const requests = draft.direction === "client" ? this.fromClient : this.fromServer;
    if (requests.get(draft.rpcId) === draft) requests.delete(draft.rpcId);
    if (this.byProgressToken.get(draft.progressToken) === draft) {
      this.byProgressToken.delete(draft.progressToken);
    }
  }
}

export class Scopes {
  readonly #max: number;
  /** By server, then by key; the least recently used first. */
  readonly #byServer = new Map<string, Map<string, Scope>>();
  #size = 0;
  #evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  get evicted(): number {
    return this.#evicted;
  }

  find(serverId: string, kind: ScopeKind, id: string): Scope | undefined {
    const scopes = this.#byServer.get(serverId);
    const key = toScopeKey(kind, id);
    const scope = scopes?.get(key);
    if (scope) {
      scopes?.delete(key);
      scopes?.set(key, scope);
    }
    return scope;
  }

  /** Makes the scope known, unless one of that name is: that one is returned. */
  adopt(scope: Scope): Scope {
    let scopes = this.#byServer.get(scope.serverId);
    if (!scopes) {
      scopes = new Map();
      this.#byServer.set(scope.serverId, scopes);
    }
    const known = scopes.get(scope.key);
    if (known) return known;
    scopes.set(scope.key, scope);
    this.#size += 1;
    if (this.#size > this.#max) this.#evict(scopes.size > 1 ? scopes : undefined);
    return scope;
  }

  remove(scope: Scope): void {
    const scopes = this.#byServer.get(scope.serverId);
    if (scopes?.get(scope.key) !== scope) return;
    scopes.delete(scope.key);
    this.#size -= 1;
    if (scopes.size === 0) this.#byServer.delete(scope.serverId);
  }

  #evict(own: Map<string, Scope> | undefined): void {
    const [first] = this.#byServer.values();
    const [oldest] = (own ?? first)?.values() ?? [];
    if (!oldest) return;
    this.#evicted += 1;
    this.remove(oldest);
  }
}

export function toScopeKey(kind: ScopeKind, id: string): string {
  return `${kind}\0${id}`;
}

/** A legacy event stream: the session ends with it. */
export function isStreamScope({ key }: Scope): boolean {
  return key.startsWith("stream\0");
}
