/**
 * All calls of a filter, newest first, page by page.
 *
 * Guarantees: those that were there at the first page, each once, whole if asked for; one that is deleted
 * meanwhile may be missing. Bounds: 50 calls of at most 64 Ki characters a body, and one whole call, at once.
 */
import type { Call, CallSummary } from "../call.ts";
import type { CallFilter } from "../store/call-filter.ts";
import type { CallLog, CallPage } from "../store/call-log.ts";
import { previewMaxBytes } from "./query.ts";

export interface CallWalkQuery {
  readonly teamId: string;
  readonly filter: CallFilter;
  /** `preview`: bodies long enough for a list; `whole`: all that was kept; `messages`: with the transcript, too. */
  readonly depth: "preview" | "whole" | "messages";
}

const callsPerPage = 50;
/** Longer bodies are read with their call alone, lest a page of them fill the memory. */
const pagedMaxLength = 65_536;
/** One unit more than is used, to tell what was cut. */
const lengths = { preview: previewMaxBytes + 1, whole: pagedMaxLength + 1, messages: 1 };

export class CallWalk {
  readonly #log: Pick<CallLog, "page" | "find">;
  readonly #query: CallWalkQuery;

  constructor(log: Pick<CallLog, "page" | "find">, query: CallWalkQuery) {
    this.#log = log;
    this.#query = query;
  }

  /** @throws Problem — as `CallLog.page`. */
  page(cursor: string | undefined, signal: AbortSignal): Promise<CallPage> {
    const { teamId, filter, depth } = this.#query;
    const query = { ...filter, limit: callsPerPage, bodyMaxLength: lengths[depth] };
    return this.#log.page(teamId, cursor === undefined ? query : { ...query, cursor }, signal);
  }

  /** The calls of a page and of all that follow; `onPage` runs before those of each. */
  async *calls(
    first: CallPage,
    onPage: () => Promise<void>,
    signal: AbortSignal,
  ): AsyncGenerator<CallSummary | Call> {
    for (let page = first; ; ) {
      await onPage();
      for (const call of page.calls) {
        const whole = this.#isWhole(call) ? call : await this.#find(call.id, signal);
        if (whole) yield whole;
      }
      if (page.next === null) return;
      page = await this.page(page.next, signal);
    }
  }

  #isWhole({ requestBody, responseBody }: CallSummary): boolean {
    const { depth } = this.#query;
    if (depth !== "whole") return depth === "preview";
    return requestBody.length <= pagedMaxLength && responseBody.length <= pagedMaxLength;
  }

  #find(id: string, signal: AbortSignal): Promise<Call | undefined> {
    signal.throwIfAborted();
    return this.#log.find(this.#query.teamId, id);
  }
}
