/**
 * The requests of one exchange that wait for an answer, to be found by what answers and notifications
 * name: a message must not cost a look at each of them.
 */
import type { CallDraft } from "./call-draft.ts";

export interface OpenRequests {
  readonly all: readonly CallDraft[];
  /** The first of each id; a batch may repeat one. */
  readonly byId: ReadonlyMap<string, CallDraft>;
  readonly byToken: ReadonlyMap<string, CallDraft>;
}

export function toOpenRequests(all: readonly CallDraft[]): OpenRequests {
  const firstBy = (key: (draft: CallDraft) => string) =>
    new Map(all.toReversed().map((draft) => [key(draft), draft]));
  return {
    all,
    byId: firstBy(({ rpcId }) => rpcId),
    byToken: firstBy(({ progressToken }) => progressToken),
  };
}
