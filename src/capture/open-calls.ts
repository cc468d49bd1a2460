/**
 * The calls of one exchange that wait for an answer or for its end, to be found by what answers and
 * notifications name: a message must not cost a look at each of them.
 */
import type { CallDraft } from "./call-draft.ts";
import type { ExchangeFacts } from "./exchange-facts.ts";

export interface OpenRequests {
  readonly all: readonly CallDraft[];
  /** The first of that id; a batch may repeat one. */
  byId(id: string): CallDraft | undefined;
  byToken(token: string): CallDraft | undefined;
}

export class OpenCalls {
  readonly #facts: ExchangeFacts;
  #own: CallDraft[] = [];
  #opened = 0;
  #resumed: CallDraft[] = [];
  /** What `#requests` was made of; anew when a call has been opened or settled, not for each message. */
  #requestsOf = { opened: 0, settled: 0 };
  #requests: OpenRequests = noRequests;

  constructor(facts: ExchangeFacts) {
    this.#facts = facts;
  }

  /** How many calls the exchange opened. */
  get opened(): number {
    return this.#opened;
  }

  /** What the exchange opened. */
  get own(): readonly CallDraft[] {
    this.#refresh();
    return this.#own;
  }

  /** What was opened by the exchange whose stream this one goes on with. */
  get resumed(): readonly CallDraft[] {
    this.#refresh();
    return this.#resumed;
  }

  /** The requests among both. */
  get requests(): OpenRequests {
    this.#refresh();
    return this.#requests;
  }

  add(draft: CallDraft): void {
    this.#own.push(draft);
    this.#opened += 1;
  }

  resume(drafts: readonly CallDraft[]): void {
    this.#resumed = [...drafts];
    this.forget();
  }

  /** To be called when an id has become known. */
  forget(): void {
    this.#requestsOf = { opened: -1, settled: -1 };
  }

  #refresh(): void {
    const { opened, settled } = this.#requestsOf;
    const settledNow = this.#facts.settledCalls + (this.#facts.resumes?.settledCalls ?? 0);
    if (opened === this.#opened && settled === settledNow) return;
    this.#own = this.#own.filter((draft) => !draft.settled);
    this.#resumed = this.#resumed.filter((draft) => !draft.settled);
    this.#requests = toOpenRequests([...this.#own, ...this.#resumed].filter(isRequest));
    this.#requestsOf = { opened: this.#opened, settled: settledNow };
  }
}

/** Made of calls as they are now. One is the rule, and costs no map. */
function toOpenRequests(all: readonly CallDraft[]): OpenRequests {
  const [only] = all;
  if (only === undefined) return noRequests;
  if (all.length === 1) {
    const { rpcId, progressToken } = only;
    return {
      all,
      byId: (id) => (id === rpcId ? only : undefined),
      byToken: (token) => (token === progressToken ? only : undefined),
    };
  }
  const firstBy = (key: (draft: CallDraft) => string) =>
    new Map(all.toReversed().map((draft) => [key(draft), draft]));
  const ids = firstBy(({ rpcId }) => rpcId);
  const tokens = firstBy(({ progressToken }) => progressToken);
  return { all, byId: (id) => ids.get(id), byToken: (token) => tokens.get(token) };
}

const noRequests: OpenRequests = {
  all: [],
  byId: () => undefined,
  byToken: () => undefined,
};

function isRequest({ kind }: CallDraft): boolean {
  return kind === "request";
}
