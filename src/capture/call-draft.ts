/**
 * A call that has begun and not ended.
 *
 * Made when its request is seen, settled once, when its answer is, or when there will be none.
 * What it keeps is redacted and cut already; its bytes count against the budget all drafts share,
 * and without room it keeps none. Bounds: a transcript of `transcriptMax` messages and as many
 * bytes as a body.
 */
import type { Call, CallDirection, CallKind, CallMessage, ResultType } from "../call.ts";
import type { OwnCall } from "../exchange.ts";
import type { CaptureLevel } from "../server.ts";
import type { CaptureContext } from "./capture-context.ts";
import { lower } from "./capture-level.ts";
import { progressTokenOf, traceOf } from "./client-facts.ts";
import { detach } from "./detach.ts";
import { type ExchangeFacts, elapsedMs } from "./exchange-facts.ts";
import {
  type KeptText,
  keepsText,
  keepText,
  lowered,
  nothingKept,
  withoutSecrets,
} from "./kept-text.ts";
import { redact } from "./redact.ts";
import { toTimings } from "./timings.ts";
import { shorten } from "./truncate.ts";
import type { Verdict } from "./verdict.ts";

export const transcriptMax = 1_000;
export const nameMaxLength = 1_000;
const errorMessageMaxLength = 2_000;

export interface DraftOpening {
  readonly kind: CallKind;
  readonly direction: CallDirection;
  readonly method: string;
  /** The tool, prompt or resource; absent for none. */
  readonly name?: string | undefined;
  readonly rpcId: string;
  /** "" without one. */
  readonly parentId?: string;
  /** Of the round that this one goes on from; undefined for a first round. */
  readonly logicalId?: string | undefined;
  readonly headerMismatches?: readonly string[];
  readonly params?: unknown;
  readonly text: string;
  /** False when `text` is only the beginning of what passed. */
  readonly whole: boolean;
  readonly bytes: number;
  readonly startedMs: number;
  readonly own?: OwnCall | undefined;
}

/** How it ended; `body` as kept, see `CallDraft.keep`. */
export interface DraftEnding {
  readonly verdict: Verdict;
  /** Absent without a result. */
  readonly resultType?: ResultType | "";
  /** Of the exchange that carried the answer. */
  readonly statusCode: number;
  readonly body: KeptText;
  readonly bytes: number;
  readonly endedMs: number;
}

/** The stream that was to bring the answer is over, and may be resumed: how the call ends if it is not. */
export interface Interruption extends Pick<DraftEnding, "body" | "bytes" | "endedMs"> {
  /** Undefined when the server ended the stream as it should. */
  readonly verdict: Verdict | undefined;
  /** How long after that the client may come back. */
  readonly waitMs: number;
}

export class CallDraft {
  readonly id: string;
  readonly logicalId: string;
  readonly facts: ExchangeFacts;
  readonly kind: CallKind;
  readonly direction: CallDirection;
  readonly method: string;
  /** The tool, prompt or resource; "" for none. */
  readonly name: string;
  /** JSON text; "" without one, and for a request that could not be read until its answer tells. */
  rpcId: string;
  /** JSON text, "" without one. */
  readonly progressToken: string;
  /** Why it was called off by who asked; undefined when it was not. */
  cancelled: string | undefined;
  /** When that was, on the clock of exchanges. */
  cancelledMs: number | undefined;
  /** The server has taken up the subscription that this request asked for. */
  acknowledged = false;
  settled = false;
  #interruption: Interruption | undefined;
  readonly #context: CaptureContext;
  readonly #parentId: string;
  /** "" without one. */
  readonly #replayOf: string;
  readonly #headerMismatches: readonly string[];
  readonly #traceId: string;
  readonly #request: KeptText;
  readonly #requestBytes: number;
  readonly #startedMs: number;
  readonly #transcript: CallMessage[] = [];
  #transcriptBytes = 0;
  #heldBytes = 0;

  constructor(context: CaptureContext, facts: ExchangeFacts, opening: DraftOpening) {
    this.#context = context;
    this.facts = facts;
    this.kind = opening.kind;
    this.direction = opening.direction;
    this.method = opening.method;
    this.name = opening.name?.slice(0, nameMaxLength) ?? "";
    this.rpcId = opening.rpcId;
    this.progressToken = opening.kind === "request" ? progressTokenOf(opening.params) : "";
    this.#parentId = opening.parentId ?? "";
    this.#headerMismatches = opening.headerMismatches ?? [];
    this.#traceId = traceOf(opening.params) || facts.traceId;
    this.#startedMs = opening.startedMs;
    this.#requestBytes = opening.bytes;
    this.#replayOf = opening.own?.replayOf ?? "";
    this.id = opening.own?.callId ?? context.ids(facts.wallMs(opening.startedMs));
    this.logicalId = opening.logicalId ?? this.id;
    this.#request = this.#hold(keepText(opening.text, opening.whole, facts.keeping));
  }

  /** Adds to the transcript, or counts what no longer fits. `carrier`: the level of the exchange it came in. */
  addMessage(text: string, direction: CallDirection, atMs: number, carrier: CaptureLevel): void {
    const { counts, limits, seal } = this.#context;
    const level = lower(this.facts.level, carrier);
    if (!keepsText(level)) return;
    const room = limits.bodyCaptureMaxBytes - this.#transcriptBytes;
    if (this.#transcript.length >= transcriptMax || room <= 0) {
      counts.transcriptMessagesDropped += 1;
      return;
    }
    const { text: body } = this.#hold(keepText(text, true, { maxBytes: room, level, seal }));
    this.#transcriptBytes += Buffer.byteLength(body);
    this.#transcript.push({
      atMs: this.facts.wallMs(atMs),
      offsetMs: elapsedMs(this.#startedMs, atMs),
      direction,
      body,
    });
  }

  get interruption(): Interruption | undefined {
    return this.#interruption;
  }

  interrupt(interruption: Interruption): void {
    this.#release(this.#interruption?.body);
    this.#interruption = { ...interruption, body: this.#hold(interruption.body) };
  }

  /** Ends the draft: the call goes on, once. */
  settle({ verdict, resultType = "", statusCode, body, bytes, endedMs }: DraftEnding): void {
    if (this.settled) return;
    this.settled = true;
    if (this.direction === "client") this.facts.settledCalls += 1;
    const { emit, pending, seal } = this.#context;
    const { facts } = this;
    facts.scope.unregister(this);
    pending.remove(this);
    facts.budget.give(this.#heldBytes);
    const { opening, client, scope } = facts;
    const response = lowered(body, facts.level, seal);
    const isClient = this.direction === "client";
    const call: Call = {
      id: this.id,
      parentId: this.#parentId,
      logicalId: this.logicalId,
      ...(this.#replayOf !== "" && { replayOf: this.#replayOf }),
      teamId: opening.teamId,
      serverId: opening.serverId,
      kind: this.kind,
      direction: this.direction,
      method: toName(this.method, seal),
      toolName: this.method === "tools/call" ? toName(this.name, seal) : "",
      rpcId: toName(this.rpcId, seal),
      path: facts.path,
      requestBody: this.#request.text,
      responseBody: response.text,
      status: verdict.status,
      resultType,
      statusCode,
      errorMessage: toErrorMessage(verdict.errorMessage, response.level, seal),
      errorKind: verdict.errorKind,
      errorCode: verdict.errorCode,
      durationMs: elapsedMs(this.#startedMs, endedMs),
      ttfbMs:
        isClient && facts.headMs !== undefined ? elapsedMs(this.#startedMs, facts.headMs) : null,
      ...(isClient && facts.upstream && { timings: toTimings(facts, facts.upstream, endedMs) }),
      sourceIp: opening.sourceIp,
      headers: facts.headers,
      headerMismatches: this.#headerMismatches,
      sessionId: scope.sessionId,
      protocolVersion: toName(facts.protocolVersion, seal),
      clientName: toName(client.name, seal),
      clientVersion: toName(client.version, seal),
      requestBytes: this.#requestBytes,
      responseBytes: bytes,
      requestTruncated: this.#request.truncated,
      responseTruncated: response.truncated,
      traceId: this.#traceId,
      startedAtMs: facts.wallMs(this.#startedMs),
      messages: this.#transcript,
    };
    emit(call);
  }

  #hold(kept: KeptText): KeptText {
    const bytes = kept.text.length;
    if (bytes === 0) return kept;
    if (!this.facts.budget.take(bytes)) return { ...nothingKept, truncated: true };
    this.#heldBytes += bytes;
    return { ...kept, text: detach(kept.text) };
  }

  #release(kept: KeptText = nothingKept): void {
    this.#heldBytes -= kept.text.length;
    this.facts.budget.give(kept.text.length);
  }
}

/** Shorter than anything that is recognised as a secret by its form. */
const plainMaxLength = 11;

/** Names are columns and filters; whoever puts a secret into one must not find it there. */
function toName(text: string, seal: CaptureContext["seal"]): string {
  if (text.length <= plainMaxLength) return text;
  return shorten(
    redact(shorten(text, nameMaxLength), seal, text.length > nameMaxLength),
    nameMaxLength,
  );
}

function toErrorMessage(
  message: string,
  level: CaptureLevel,
  seal: CaptureContext["seal"],
): string {
  if (message === "" || !keepsText(level)) return "";
  const readMax = errorMessageMaxLength * 2;
  const cut = message.length > readMax;
  const shown = withoutSecrets(shorten(message, readMax), level, seal, cut);
  return shorten(shown, errorMessageMaxLength);
}
