/**
 * The calls of one exchange: opened by its messages, ended by their answers or by its end.
 *
 * In: messages of either direction in order of arrival, then how the exchange ended. Out: calls.
 * An answer belongs to a request of the same exchange or else of the same scope (see scopes.ts).
 * Bounds: `batchMax` calls are opened by one body.
 */
import type { Message, NotificationMessage, RequestMessage, ResponseMessage } from "../message.ts";
import { asRecord } from "../message.ts";
import { CallDraft, type DraftOpening } from "./call-draft.ts";
import type { CaptureContext } from "./capture-context.ts";
import { findClientFacts, negotiatedVersion, toIdText } from "./client-facts.ts";
import type { ExchangeFacts } from "./exchange-facts.ts";
import { giveUpOnClient, giveUpOnServer, markCancelled } from "./give-up.ts";
import { type KeptText, keepText, nothingKept } from "./kept-text.ts";
import { findMirrored, findMismatches, nameOf } from "./mirrored-headers.ts";
import { awaitNextRound, findLogicalId } from "./next-round.ts";
import { OpenCalls } from "./open-calls.ts";
import type { BodyText } from "./unpack.ts";
import { failure, judgeAnswer, resultTypeOf, success } from "./verdict.ts";

export const batchMax = 1_000;

/** The client's answer to a request of the server, which counts when its own exchange went well. */
export interface ClientAnswer {
  readonly draft: CallDraft;
  readonly message: ResponseMessage;
  readonly bytes: number;
  readonly atMs: number;
}

export class ExchangeCalls {
  readonly clientAnswers: ClientAnswer[] = [];
  readonly #context: CaptureContext;
  readonly #facts: ExchangeFacts;
  readonly #open: OpenCalls;

  constructor(context: CaptureContext, facts: ExchangeFacts) {
    this.#context = context;
    this.#facts = facts;
    this.#open = new OpenCalls(facts);
  }

  /** True once the exchange is told of by a call, its own or another's. */
  get isTold(): boolean {
    return this.opened + this.clientAnswers.length > 0;
  }

  /** How many calls the exchange opened. */
  get opened(): number {
    return this.#open.opened;
  }

  /** What waits for an answer, or for the end of the exchange. */
  get open(): readonly CallDraft[] {
    return this.#open.own;
  }

  /** What waits for an answer on the stream that this exchange goes on with. */
  get resumed(): readonly CallDraft[] {
    return this.#open.resumed;
  }

  /** The exchange goes on with a stream that these requests wait on. */
  resume(drafts: readonly CallDraft[]): void {
    const [first] = drafts;
    if (!first) return;
    this.#facts.resumes = first.facts;
    first.facts.resumptions += 1;
    this.#open.resume(drafts);
  }

  /** The exchange itself as a call, for want of messages. */
  openHttp(body: BodyText): void {
    const { method } = this.#facts.opening;
    this.#add({ kind: "http", method, rpcId: "" }, body);
  }

  /** A modern message that could not be read, from what its header fields say; false when they say nothing. */
  openUnread(body: BodyText): boolean {
    const mirrored = findMirrored(this.#facts.fields);
    if (!mirrored) return false;
    const kind = mirrored.method.startsWith("notifications/") ? "notification" : "request";
    this.#add({ kind, ...mirrored, rpcId: "" }, body);
    return true;
  }

  fromClient(message: Message, bytes: number, atMs: number): void {
    const body = { text: message.text, whole: true, bytes };
    const { scope } = this.#facts;
    if (message.kind === "response") {
      const draft = scope.fromServer.get(message.id);
      if (!draft) {
        this.#context.counts.answersUnmatched += 1;
        return;
      }
      scope.unregister(draft);
      this.#context.pending.remove(draft);
      this.clientAnswers.push({ draft, message, bytes, atMs });
      return;
    }
    if (this.opened >= batchMax) {
      this.#context.counts.batchMembersDropped += 1;
      return;
    }
    const { kind, method, params } = message;
    const headerMismatches = findMismatches(message, this.#facts.fields);
    if (kind === "notification") {
      this.#add({ kind, method, params, rpcId: "", headerMismatches }, body);
      if (method === "notifications/cancelled") {
        const draft = markCancelled(message, scope.fromClient, atMs);
        // Servers then answer no more, and many leave the stream open as long as the session.
        if (draft) this.#context.pending.add(draft, giveUpOnServer);
      }
      return;
    }
    this.#meetClient(message);
    const name = nameOf(method, params);
    const logicalId = findLogicalId(this.#context, this.#facts, message, name);
    const opening = { kind, method, params, name, rpcId: message.id, logicalId, headerMismatches };
    scope.register(this.#add(opening, body));
  }

  fromServer(message: Message, bytes: number, atMs: number): void {
    switch (message.kind) {
      case "response":
        this.#answer(message, bytes, atMs);
        break;
      case "request":
        this.#ask(message, bytes, atMs);
        break;
      case "notification":
        this.#notify(message, bytes, atMs);
    }
  }

  /** The whole body is one answer: errors of HTTP often carry another id than the request's. */
  answerAll(message: ResponseMessage, bytes: number, atMs: number): void {
    const draft = this.#asker(message) ?? this.#only(this.open);
    if (draft) this.#settle(draft, message, bytes, atMs);
    else this.#context.counts.answersUnmatched += 1;
  }

  /** An answer too large to be read: it can only be that of the one request there is. */
  answerUnread(body: BodyText, atMs: number): void {
    const draft = this.#only(this.#open.requests.all);
    if (!draft) return;
    const { statusCode } = this.#facts;
    const verdict = statusCode >= 400 ? failure("http", `HTTP ${statusCode}`) : success;
    draft.settle({ verdict, statusCode, body: this.#keep(body), bytes: body.bytes, endedMs: atMs });
  }

  #add(
    opening: Omit<DraftOpening, "text" | "whole" | "bytes" | "direction" | "startedMs">,
    body: BodyText,
  ): CallDraft {
    const startedMs = this.#facts.openedMs;
    const draft = new CallDraft(this.#context, this.#facts, {
      ...opening,
      ...body,
      direction: "client",
      startedMs,
      own: this.opened === 0 ? this.#facts.own : undefined,
    });
    this.#open.add(draft);
    return draft;
  }

  #meetClient(request: RequestMessage): void {
    const facts = this.#facts;
    const client = findClientFacts(request);
    if (!client) return;
    facts.ownClient = client;
    if (request.method === "initialize" && facts.scope.isShared) facts.scope.client = client;
  }

  #answer(message: ResponseMessage, bytes: number, atMs: number): void {
    const draft = this.#asker(message);
    if (draft) this.#settle(draft, message, bytes, atMs);
    else this.#context.counts.answersUnmatched += 1;
  }

  #asker({ id, error }: ResponseMessage): CallDraft | undefined {
    const { all, byId } = this.#open.requests;
    if (id === "") return error ? this.#only(all) : undefined;
    const draft = byId(id) ?? this.#facts.scope.fromClient.get(id);
    if (draft) return draft;
    const unread = byId("");
    if (unread) {
      unread.rpcId = id;
      this.#open.forget();
    }
    return unread;
  }

  #settle(draft: CallDraft, message: ResponseMessage, bytes: number, atMs: number): void {
    const { statusCode, scope } = this.#facts;
    if (draft.method === "initialize" && message.result !== undefined) {
      const protocolVersion = negotiatedVersion(message.result);
      const { facts } = draft;
      if (protocolVersion !== "") facts.ownClient = { ...facts.client, protocolVersion };
      if (facts.ownClient && scope.isShared) scope.client = facts.ownClient;
    }
    const verdict = judgeAnswer(draft.method, message, statusCode);
    const resultType = resultTypeOf(message);
    if (resultType === "input_required") awaitNextRound(this.#context, draft, message, atMs);
    const body = this.#keep({ text: message.text, whole: true, bytes });
    draft.settle({ verdict, resultType, statusCode, body, bytes, endedMs: atMs });
  }

  #ask(message: RequestMessage, bytes: number, atMs: number): void {
    const { scope } = this.#facts;
    // A resumed stream repeats what its client did not acknowledge.
    if (scope.fromServer.get(message.id)?.method === message.method) return;
    const draft = new CallDraft(this.#context, this.#facts, {
      kind: "request",
      direction: "server",
      method: message.method,
      rpcId: message.id,
      parentId: this.#parent()?.id ?? "",
      params: message.params,
      text: message.text,
      whole: true,
      bytes,
      startedMs: atMs,
    });
    scope.register(draft);
    this.#context.pending.add(draft, giveUpOnClient);
  }

  #notify(message: NotificationMessage, bytes: number, atMs: number): void {
    const { scope, statusCode } = this.#facts;
    const { method, params, text } = message;
    if (method === "notifications/cancelled") markCancelled(message, scope.fromServer, atMs);
    const draft = this.#subject(message);
    if (draft) {
      draft.acknowledged ||= isAcknowledgement(method, draft);
      draft.addMessage(text, "server", atMs, this.#facts.level);
      return;
    }
    const own = new CallDraft(this.#context, this.#facts, {
      kind: "notification",
      direction: "server",
      method,
      rpcId: "",
      params,
      text,
      whole: true,
      bytes,
      startedMs: atMs,
    });
    own.settle({ verdict: success, statusCode, body: nothingKept, bytes: 0, endedMs: atMs });
  }

  /** The one request that a request of the server can be for; on a stream of its own, the one of its session. */
  #parent(): CallDraft | undefined {
    const { opening, scope } = this.#facts;
    const { all } = this.#open.requests;
    if (opening.method === "POST" || all.length > 0) return this.#only(all);
    return this.#only([...scope.fromClient.values()]);
  }

  /** The request that a notification of the server is about. */
  #subject({ method, params }: NotificationMessage): CallDraft | undefined {
    const { all, byToken } = this.#open.requests;
    if (method === "notifications/progress") {
      const token = toIdText(asRecord(params)?.progressToken);
      const own = token === "" ? undefined : byToken(token);
      if (own) return own;
      const other = this.#facts.scope.byProgressToken.get(token);
      if (other) return other;
    }
    return this.#only(all);
  }

  #only(drafts: readonly CallDraft[]): CallDraft | undefined {
    return drafts.length === 1 ? drafts[0] : undefined;
  }

  #keep(body: BodyText): KeptText {
    return keepText(body.text, body.whole, this.#facts.keeping);
  }
}

function isAcknowledgement(method: string, { method: asked }: CallDraft): boolean {
  return method === "notifications/subscriptions/acknowledged" && asked === "subscriptions/listen";
}
