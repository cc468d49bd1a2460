/**
 * The calls of one filter: those that are there, page after page, and those that come while it is open.
 *
 * In: a query of the API. Out: rows, newest first, each call once. Guarantees: nothing is missed between the
 * first page and the stream, which is opened first; while `holding`, what comes is counted and held back, so
 * that rows do not move under the eyes of who reads. Bounds: 200,000 rows, 5,000 held.
 */
import type { WireCall, WireCallList } from "../../src/api/wire.ts";
import { call, type Query } from "../api.ts";
import { followCalls } from "../call-stream.ts";
import { LiveValue } from "../live-value.ts";
import { type Problem, toProblem } from "../problem.ts";
import { type CallRow, comesBefore, toRow } from "./call-row.ts";

export interface FeedState {
  readonly rows: readonly CallRow[];
  /** How many came and are held back. */
  readonly held: number;
  readonly loading: "first" | "older" | undefined;
  readonly hasOlder: boolean;
  readonly problem: Problem | undefined;
  readonly live: "off" | "connecting" | "on" | "lost";
  /** Why it is not live though it should be. */
  readonly liveProblem: Problem | undefined;
}

const rowsMax = 200_000;
const heldMax = 5_000;
/** The first page is small, to be there at once; later ones grow, to keep ahead of whoever scrolls. */
const pageSizes = [50, 100, 200, 500];
/** How long the first page waits for the stream to be open. */
const streamFirstMs = 400;
/** Events that come faster than this are shown together. */
const showEveryMs = 100;

export class CallFeed {
  readonly state = new LiveValue<FeedState>({
    rows: [],
    held: 0,
    loading: "first",
    hasOlder: false,
    problem: undefined,
    live: "off",
    liveProblem: undefined,
  });
  readonly #query: Query;
  readonly #words: readonly string[];
  readonly #ids = new Set<string>();
  readonly #ended = new AbortController();
  #following: AbortController | undefined;
  #cursor: string | undefined;
  #pages = 0;
  #holding = false;
  #arrived: CallRow[] = [];
  #showing: ReturnType<typeof setTimeout> | undefined;

  /** @param words what is searched for, lower case, to be found again in the rows. */
  constructor(query: Query, words: readonly string[]) {
    this.#query = query;
    this.#words = words;
  }

  async start(live: boolean): Promise<void> {
    if (live) await this.#follow();
    await this.loadOlder();
  }

  /** The next page; nothing while one is on its way, or at the end. */
  async loadOlder(): Promise<void> {
    const { loading, hasOlder, rows } = this.state.get();
    if (this.#pages > 0 && (loading !== undefined || !hasOlder || rows.length >= rowsMax)) return;
    this.#change({ loading: this.#pages === 0 ? "first" : "older", problem: undefined });
    const limit = pageSizes[Math.min(this.#pages, pageSizes.length - 1)];
    try {
      const page = await call<WireCallList>("/mcp/calls", {
        query: { ...this.#query, limit, cursor: this.#cursor },
        signal: this.#ended.signal,
      });
      this.#pages += 1;
      this.#cursor = page.next_cursor ?? undefined;
      const fresh = this.#unseen(page.data.map((one) => toRow(one, this.#words)));
      this.#change({
        rows: merged(this.state.get().rows, fresh),
        hasOlder: page.has_more,
        loading: undefined,
      });
    } catch (cause) {
      if (this.#ended.signal.aborted) return;
      this.#change({ problem: toProblem(cause), loading: undefined });
    }
  }

  setLive(live: boolean): void {
    if (live && !this.#following) void this.#follow();
    if (live || !this.#following) return;
    this.#following.abort();
    this.#following = undefined;
    this.#change({ live: "off", liveProblem: undefined });
  }

  /** Whether what comes is held back. Letting go shows what was held. */
  setHolding(holding: boolean): void {
    if (this.#holding === holding) return;
    this.#holding = holding;
    if (!holding) this.#show();
  }

  /** The call is deleted: it goes from the list without asking again. */
  forget(id: string): void {
    this.#change({ rows: this.state.get().rows.filter((row) => row.id !== id) });
  }

  end(): void {
    this.#ended.abort();
    this.#following?.abort();
    clearTimeout(this.#showing);
  }

  /** Resolves when the stream is open, or has taken too long to wait for. */
  #follow(): Promise<void> {
    const following = new AbortController();
    this.#following = following;
    this.#change({ live: "connecting", liveProblem: undefined });
    return new Promise((resolve) => {
      setTimeout(resolve, streamFirstMs);
      void followCalls(
        this.#query,
        {
          onOpen: () => {
            this.#change({ live: "on", liveProblem: undefined });
            resolve();
          },
          onCall: (one) => this.#arrive(one),
          onLost: (problem) => {
            this.#change({ live: "lost", liveProblem: problem });
            resolve();
          },
        },
        following.signal,
      );
    });
  }

  #arrive(one: WireCall): void {
    const [row] = this.#unseen([toRow(one, this.#words, performance.now())]);
    if (!row) return;
    this.#arrived.push(row);
    if (this.#arrived.length > heldMax) this.#arrived.shift();
    this.#showing ??= setTimeout(() => {
      this.#showing = undefined;
      if (this.#holding) this.#change({ held: this.#arrived.length });
      else this.#show();
    }, showEveryMs);
  }

  #show(): void {
    const arrived = this.#arrived;
    if (arrived.length === 0) return;
    this.#arrived = [];
    arrived.sort((a, b) => (comesBefore(a, b) ? -1 : 1));
    this.#change({ rows: merged(this.state.get().rows, arrived), held: 0 });
  }

  #unseen(rows: readonly CallRow[]): readonly CallRow[] {
    return rows.filter(({ id }) => {
      if (this.#ids.has(id)) return false;
      this.#ids.add(id);
      return true;
    });
  }

  #change(changes: Partial<FeedState>): void {
    if (this.#ended.signal.aborted) return;
    this.state.set({ ...this.state.get(), ...changes });
  }
}

/** Two ordered lists as one, in linear time at most; when one lies wholly beyond the other, joined. */
export function merged(a: readonly CallRow[], b: readonly CallRow[]): readonly CallRow[] {
  const [lastA, firstB] = [a.at(-1), b[0]];
  if (!lastA || !firstB) return a.length === 0 ? b : a;
  if (comesBefore(lastA, firstB)) return [...a, ...b].slice(0, rowsMax);
  const rows: CallRow[] = [];
  let [atA, atB] = [0, 0];
  while (rows.length < rowsMax) {
    const [rowA, rowB] = [a[atA], b[atB]];
    if (rowA === undefined && rowB === undefined) break;
    const takesA = rowB === undefined || (rowA !== undefined && comesBefore(rowA, rowB));
    rows.push((takesA ? rowA : rowB) as CallRow);
    if (takesA) atA += 1;
    else atB += 1;
  }
  return rows;
}
