/** Ends requests that get no answer: they were taken back, or nobody waits any more. */

import type { FleetingMap } from "../fleeting.ts";
import { asRecord, type NotificationMessage } from "../message.ts";
import type { CallDraft } from "./call-draft.ts";
import { toIdText } from "./client-facts.ts";
import { nothingKept } from "./kept-text.ts";
import { failure, type Verdict } from "./verdict.ts";

const tooMany = "too many requests wait for an answer";

/** Settles a request of the server that nobody answered. */
export function giveUpOnClient(draft: CallDraft, evicted: boolean): void {
  const reason = evicted ? tooMany : "the client gave no answer";
  giveUp(draft, failure("transport", reason));
}

/** Settles a request of the client whose answer came on no other stream either. */
export function giveUpOnServer(draft: CallDraft, evicted: boolean): void {
  const reason = evicted ? tooMany : "the stream ended without an answer";
  giveUp(draft, failure("transport", reason));
}

/** With that verdict, unless it was taken back or its stream interrupted before. `endedMs`: when there was no more hope. */
export function giveUp(draft: CallDraft, verdict: Verdict, endedMs?: number): void {
  const { cancelled, interruption, facts } = draft;
  const { statusCode, seenMs } = facts;
  if (cancelled === undefined && interruption) {
    const ending = { ...interruption, verdict: interruption.verdict ?? verdict, statusCode };
    draft.settle(ending);
    return;
  }
  draft.settle({
    verdict: cancelled === undefined ? verdict : failure("cancelled", cancelled),
    statusCode: draft.direction === "client" ? statusCode : 0,
    body: nothingKept,
    bytes: 0,
    endedMs: draft.cancelledMs ?? endedMs ?? seenMs,
  });
}

/** Notes that the request was taken back. Which one it was, unless it is unknown. */
export function markCancelled(
  { params, text }: NotificationMessage,
  requests: Pick<FleetingMap<string, CallDraft>, "get">,
  atMs: number,
): CallDraft | undefined {
  const { requestId, reason } = asRecord(params) ?? {};
  const exact = typeof requestId === "number" && !Number.isSafeInteger(requestId);
  const id = exact
    ? (/"requestId"\s{0,9}:\s{0,9}(-?\d{1,400})/.exec(text)?.[1] ?? "")
    : toIdText(requestId);
  const draft = requests.get(id);
  if (!draft) return undefined;
  draft.cancelled =
    typeof reason === "string" && reason !== "" ? reason.slice(0, 4_000) : "cancelled by who asked";
  draft.cancelledMs = atMs;
  return draft;
}
