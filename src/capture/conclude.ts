/**
 * The end of an exchange: what was not answered until then gets its verdict, or goes on waiting
 * where the protocol lets the answer come on another stream.
 */
import type { ExchangeEnd } from "../exchange.ts";
import type { ResponseMessage } from "../message.ts";
import type { CallDraft } from "./call-draft.ts";
import type { CaptureContext } from "./capture-context.ts";
import type { ExchangeCalls } from "./exchange-calls.ts";
import type { ExchangeFacts } from "./exchange-facts.ts";
import { giveUp, giveUpOnServer } from "./give-up.ts";
import { type KeptText, keepText, nothingKept } from "./kept-text.ts";
import { isStreamScope } from "./scopes.ts";
import { type BodyText, unpackMessages } from "./unpack.ts";
import {
  failure,
  judgeAnswer,
  judgeExchange,
  resultTypeOf,
  type Substitute,
  success,
  type Verdict,
} from "./verdict.ts";

/** From here on there are no sessions, and leaving is cancelling. */
const statelessVersion = "2026-07-28";
/** After a cut, clients come back within seconds or not at all; both beside what they were told to wait. */
const cutWaitMs = 30_000;
/** A server that closes a stream itself lets the client ask again now and then, often without saying when. */
const closedWaitMs = 120_000;

export interface ExchangeConclusion extends ExchangeEnd {
  readonly body: BodyText;
  readonly contentType: string;
  /** It is an event stream, whose messages have been read. */
  readonly streamed: boolean;
  /** The event that its end cut; undefined when it could not be read to its end. */
  readonly unfinished: BodyText | undefined;
  /** Its events had ids, or it was resumed itself. */
  readonly resumable: boolean;
  /** When the last byte of the answer, or its head, was seen. */
  readonly answeredMs: number;
}

export function concludeExchange(
  context: CaptureContext,
  facts: ExchangeFacts,
  calls: ExchangeCalls,
  conclusion: ExchangeConclusion,
): void {
  const { body, unfinished } = conclusion;
  const answer = unfinished ? undefined : readAnswer(facts, calls, conclusion);
  const kept = once(() => keepText(body.text, body.whole, facts.keeping));
  const substitute = {
    text: () => kept().text,
    contentType: conclusion.contentType,
    error: answer?.error,
  };
  const verdict = judgeExchange({ ...conclusion, statusCode: facts.statusCode, substitute });
  const end: End = { ...conclusion, kept, substitute, verdict };
  settleClientAnswers(facts, calls, end);
  for (const draft of calls.open) {
    if (draft.kind === "request") settleRequest(context, facts, draft, toUnanswered(facts, end));
    else settleWhole(facts, draft, end, calls.opened > 1);
  }
  if (facts.resumes) facts.resumes.resumptions -= 1;
  for (const draft of calls.resumed) {
    settleRequest(context, facts, draft, toUnanswered(facts, end));
  }
  closeScope(context, facts, end);
}

interface End extends ExchangeConclusion {
  /** The body; made when it is wanted, for that of an answer to what was asked never is. */
  readonly kept: () => KeptText;
  readonly substitute: Substitute;
  readonly verdict: Verdict | undefined;
}

/**
 * A body of JSON answers what is open. The last answer in it is returned, for a body of our own
 * making answers nothing and still has a code.
 */
function readAnswer(facts: ExchangeFacts, calls: ExchangeCalls, conclusion: ExchangeConclusion) {
  const { body, outcome, answeredMs } = conclusion;
  const passed = outcome === "complete" || outcome === "client_left";
  if (!body.whole) {
    if (passed && !body.garbled && facts.opening.method === "POST")
      calls.answerUnread(body, answeredMs);
    return undefined;
  }
  const parsed = body.text === "" ? undefined : unpackMessages(body.text);
  if (parsed?.kind !== "messages") return undefined;
  let last: ResponseMessage | undefined;
  for (const message of parsed.messages) {
    if (message.kind === "response") last = message;
    if (!passed || facts.opening.method !== "POST") continue;
    const isAll = message.text.length === body.text.length;
    const bytes = isAll ? body.bytes : Buffer.byteLength(message.text);
    if (message.kind === "response" && message.error && facts.statusCode >= 400 && !parsed.batch) {
      calls.answerAll(message, bytes, answeredMs);
    } else calls.fromServer(message, bytes, answeredMs);
  }
  return last;
}

/** What the client answered counts when the upstream took it. */
function settleClientAnswers(facts: ExchangeFacts, calls: ExchangeCalls, end: End): void {
  const taken = end.verdict === undefined || (end.outcome === "client_left" && isTaken(facts));
  for (const { draft, message, bytes, atMs } of calls.clientAnswers) {
    const verdict = taken ? judgeAnswer(draft.method, message, 0) : end.verdict;
    draft.settle({
      verdict: verdict ?? success,
      resultType: resultTypeOf(message),
      statusCode: facts.statusCode,
      body: keepText(message.text, true, facts.keeping),
      bytes,
      endedMs: atMs,
    });
  }
}

/** What came on a stream is told by calls and transcripts, but for the answer that was cut. */
function toUnanswered(facts: ExchangeFacts, end: End): End {
  const { unfinished } = end;
  if (!unfinished) return end;
  return { ...end, kept: once(() => keepText(unfinished.text, unfinished.whole, facts.keeping)) };
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function settleRequest(context: CaptureContext, facts: ExchangeFacts, draft: CallDraft, end: End) {
  const { scope, statusCode } = facts;
  const { verdict } = end;
  if (draft.acknowledged && end.outcome === "client_left") {
    // Listening ends when the listener has heard enough: an answer never comes.
    settle(facts, draft, end, success);
  } else if (draft.cancelled !== undefined && (!verdict || verdict.errorKind === "cancelled")) {
    settle(facts, draft, end, failure("cancelled", draft.cancelled));
  } else if (isResumable(facts, end)) {
    // Up to 2025-11-25 neither a cut nor a client that leaves ends the call itself.
    draft.interrupt({
      verdict,
      body: end.kept(),
      bytes: end.unfinished?.bytes ?? 0,
      endedMs: facts.seenMs,
      waitMs: (verdict ? cutWaitMs : closedWaitMs) + draft.facts.retryMs,
    });
    context.pending.add(draft, giveUpOnServer);
  } else if (!verdict && statusCode === 202 && scope.openStreams > 0 && scope.isShared) {
    context.pending.add(draft, giveUpOnServer);
  } else settle(facts, draft, end, verdict ?? missingAnswer(statusCode, end));
}

function isResumable({ protocolVersion, scope, statusCode }: ExchangeFacts, end: End): boolean {
  return (
    end.streamed &&
    end.resumable &&
    statusCode < 300 &&
    scope.isShared &&
    protocolVersion < statelessVersion
  );
}

function missingAnswer(statusCode: number, { streamed, body }: End): Verdict {
  if (statusCode >= 300) return failure("http", `HTTP ${statusCode}`);
  if (streamed && !body.garbled) return failure("transport", "the stream ended without an answer");
  if (body.bytes === 0) return failure("transport", "the exchange ended without an answer");
  const flaw = body.garbled ? "not what its content coding says" : "no JSON-RPC message";
  return failure("transport", `the answer is ${flaw}`);
}

/** A notification, or an exchange that is no JSON-RPC: well when the exchange went well. */
function settleWhole(facts: ExchangeFacts, draft: CallDraft, end: End, isOneOfMany: boolean): void {
  // Leaving is how a client ends a stream, and nobody waits for more than the head after a notification.
  const leftWell =
    end.outcome === "client_left" &&
    isTaken(facts) &&
    (draft.kind === "notification" || end.streamed);
  const verdict = leftWell ? undefined : end.verdict;
  const { error } = end.substitute;
  const own = error && draft.kind === "http" ? judgeAnswer("", toAnswer(error), 0) : success;
  // In a batch the body answers the others.
  const kept = !verdict && isOneOfMany ? nothing : end;
  settle(facts, draft, { ...end, ...kept }, verdict ?? own);
}

function settle(facts: ExchangeFacts, draft: CallDraft, end: End, verdict: Verdict): void {
  const isWhole = end.outcome === "complete" && !(end.streamed && draft.kind === "http");
  draft.settle({
    verdict,
    statusCode: facts.statusCode,
    body: end.kept(),
    bytes: end.body.bytes,
    endedMs: isWhole ? end.answeredMs : facts.seenMs,
  });
}

const nothing: Pick<End, "body" | "kept"> = {
  body: { text: "", whole: true, bytes: 0 },
  kept: () => nothingKept,
};

function toAnswer(error: NonNullable<ResponseMessage["error"]>): ResponseMessage {
  return { kind: "response", id: "", result: undefined, error, text: "" };
}

function isTaken({ statusCode }: ExchangeFacts): boolean {
  return statusCode >= 200 && statusCode < 400;
}

/** Requests that wait in a scope which nobody will speak in any more. */
function closeScope(context: CaptureContext, facts: ExchangeFacts, end: End): void {
  const { opening, scope, statusCode } = facts;
  const isStream = opening.method === "GET" && end.streamed;
  if (isStream) scope.openStreams -= 1;
  const isOver =
    !scope.isShared ||
    (isStream && isStreamScope(scope)) ||
    (opening.method === "DELETE" && statusCode >= 200 && statusCode < 300);
  if (!isOver) return;
  const reason = isStream || !scope.isShared ? "the stream ended" : "the session was ended";
  const verdict = end.verdict ?? failure("transport", `${reason} without an answer`);
  for (const draft of scope.fromServer.values()) giveUp(draft, verdict, facts.seenMs);
  for (const draft of scope.fromClient.values()) {
    if (draft.facts.ended) giveUp(draft, verdict, facts.seenMs);
  }
  if (scope.isShared) context.scopes.remove(scope);
}
