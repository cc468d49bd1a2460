/** What of an exchange decides which rounds belong together; see rounds.ts. */
import { asRecord, type RequestMessage, type ResponseMessage } from "../message.ts";
import { type CallDraft, nameMaxLength } from "./call-draft.ts";
import type { CaptureContext } from "./capture-context.ts";
import type { ExchangeFacts } from "./exchange-facts.ts";
import type { Asking } from "./rounds.ts";

/** The request was answered with `input_required`: its client will ask again. */
export function awaitNextRound(
  { rounds }: CaptureContext,
  draft: CallDraft,
  { result }: ResponseMessage,
  atMs: number,
): void {
  const state = toState(asRecord(result)?.requestState);
  rounds.await(toAsking(draft.facts, draft.method, draft.name, atMs), state, draft.logicalId);
}

/** The logical id of the call that the request goes on with; undefined when it goes on with none. */
export function findLogicalId(
  { rounds }: CaptureContext,
  facts: ExchangeFacts,
  { method, params }: RequestMessage,
  name: string | undefined,
): string | undefined {
  const { requestState, inputResponses } = asRecord(params) ?? {};
  const state = toState(requestState);
  if (state === undefined && inputResponses === undefined) return undefined;
  const asked = (name ?? "").slice(0, nameMaxLength);
  return rounds.find(toAsking(facts, method, asked, facts.openedMs), state);
}

function toAsking(facts: ExchangeFacts, method: string, name: string, atMs: number): Asking {
  const { opening, scope, clientMarks: client } = facts;
  return { serverId: opening.serverId, scopeKey: scope.key, method, name, client, atMs };
}

function toState(requestState: unknown): string | undefined {
  return typeof requestState === "string" ? requestState : undefined;
}
