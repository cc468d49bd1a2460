/**
 * The call log: where finished calls rest. Last stage of the write path
 * (proxy → capture → ingest → store), first of the read path (store → api).
 *
 * In: batches of `Call`, from ingest. Out: pages, counts and metrics, to api.
 * Each MUST below is a test in `test/store/call-log.contract.ts`, which every
 * driver passes. Every read and removal takes the team first and MUST NOT see
 * or touch another team's calls: foreign is the same as absent. Callers keep to the ranges told here; all text is
 * well-formed Unicode, compared by its UTF-16 units.
 *
 * A read that takes a `signal` stops soon after it is aborted, at the latest with the step it is in
 * (50 ms), and rejects with the signal's reason: nobody waits for its answer any more.
 */
import type { Call, CallSummary } from "../call.ts";
import type { Loss } from "../loss.ts";
import type { CallFilter } from "./call-filter.ts";
import type { Window } from "./window.ts";

export interface CallLog extends AsyncDisposable {
  /**
   * Resolves once the batch survives the death of this process and, by the driver's
   * documented setting, of this machine. All of the batch or none of it.
   *
   * MUST be idempotent on `call.id`, within a batch and across batches: ingest sends a
   * batch again when its reply is lost, and copies are equal, so which one stays is the
   * driver's choice. A call that was removed, by whatever way but with its server, is new when it comes again.
   * MUST accept an empty batch. MUST leave out calls of a server that was
   * removed (`removeServer`), and say how many. MAY go through the calls more than once; what iterates MUST allow that.
   *
   * @throws Problem `unavailable` — the engine is away; the caller may send the batch again.
   */
  append(calls: Iterable<Call>): Promise<Appended>;

  /**
   * One page, newest first: by `startedAtMs`, then `id`, both descending, ids compared bytewise.
   *
   * MUST stay whole under writes: following `next` to the end yields every call that was
   * there at the first page exactly once, whatever is appended meanwhile; calls that are removed meanwhile,
   * that of the cursor among them, are left out and nothing else. `offset` skips
   * that many matching calls after the cursor, if there is one.
   *
   * With `text` a page MAY hold fewer calls than `limit`, even none, and yet have a `next`: a driver that
   * must read bodies to find them looks for as long as one request may take, and goes on with the next.
   *
   * @throws Problem `validation_error` — `cursor` is not one this log issued.
   * @throws Problem `unavailable` — `offset` of a text search was not reached in the time of one request.
   */
  page(teamId: string, query: PageQuery, signal?: AbortSignal): Promise<CallPage>;

  /**
   * Calls in the order in which they were appended, those of one batch in its order, beginning after
   * `query.after`: for following the log live.
   *
   * MUST meet each matching call appended after a position exactly once when `next` is followed, calls that were
   * removed meanwhile excepted; positions stay good across restarts. MAY return fewer calls than `limit`, even
   * none, and yet have passed over some that do not match: `next` is where it stands, and equals `after` at the
   * end of the log and nowhere else. Without `after`: no calls, and `next` is the end of the log. Each
   * `CallArrival.position` is good as `after`, too.
   *
   * @throws Problem `validation_error` — `after` is not a position that this log issued.
   */
  arrivals(teamId: string, query: ArrivalsQuery, signal?: AbortSignal): Promise<CallArrivals>;

  /** The whole call with its transcript. */
  find(teamId: string, id: string): Promise<Call | undefined>;

  /**
   * How many calls match. MUST be exact, deletions included, as soon as `append` or `remove` has resolved.
   *
   * @throws Problem `unavailable` — a text search did not end in the time of one request.
   */
  count(teamId: string, filter: CallFilter, signal?: AbortSignal): Promise<number>;

  /**
   * The values that matching calls have in each of `query.fields`, with the number of calls that have them; most
   * frequent first, then by value, at most `query.valuesMax` a field. MUST agree with `count` to the unit.
   * Empty names (no tool, no session, no error) are values like others.
   *
   * @throws Problem `unavailable` — a text search did not end in the time of one request, or a field has more than a
   * million values.
   */
  facets(teamId: string, query: FacetsQuery, signal?: AbortSignal): Promise<CallFacets>;

  /**
   * Matching calls by when they started: every bucket that overlaps the window, oldest first, empty ones
   * included. MUST agree with `count` to the unit.
   *
   * @throws Problem `validation_error` — more than 10,000 buckets.
   * @throws Problem `unavailable` — a text search did not end in the time of one request.
   */
  histogram(
    teamId: string,
    query: HistogramQuery,
    signal?: AbortSignal,
  ): Promise<readonly HistogramBucket[]>;

  /**
   * Totals, percentiles and series over a window. MUST agree with `count` to the unit for every
   * number of calls. Percentiles MUST be within 2 % (or 1 ms, if that is more) of the exact ones, durations of
   * more than 2^31 - 1 ms counting as that long.
   *
   * @throws Problem `validation_error` — the series would have more than 10,000 buckets.
   */
  metrics(teamId: string, query: MetricsQuery, signal?: AbortSignal): Promise<CallMetrics>;

  /** Removes one call from every answer and its bodies from the log. False when there is no such call. */
  remove(teamId: string, id: string): Promise<boolean>;

  /**
   * Removes all calls and losses of a server, those appended later included: when it has resolved, no answer of
   * this log knows any of them. MUST be repeatable. Resolves to how many calls were removed.
   */
  removeServer(teamId: string, serverId: string): Promise<number>;

  /**
   * Erases, in short steps, what `removeServer` has hidden already, and puts in order what many small
   * appends have left scattered. To be called after opening, after `removeServer` and now and then;
   * what a crash breaks off, the next call ends.
   */
  sweep(): Promise<void>;

  /**
   * Removes calls with `startedAtMs < beforeMs`, in short steps, and losses that ended before it: of every team, or
   * of those that are named (1 to 1,000), which keep their calls for a shorter time than others. Resolves to how many calls.
   */
  prune(beforeMs: number, teamIds?: readonly string[]): Promise<number>;

  /**
   * Takes the bodies and the transcript (`withoutBodies` of call.ts) from calls of every team with
   * `startedAtMs < beforeMs`, in short steps; the calls stay in every answer, but for text searches, which
   * no longer find them by their bodies. Calls without any stay as they are. Resolves to how many had some.
   */
  pruneBodies(beforeMs: number): Promise<number>;

  /** Adds to what is known to be missing. A loss whose id is there already replaces it. Losses of removed servers are left out. */
  addLosses(losses: readonly Loss[]): Promise<void>;

  /**
   * What is missing of these servers' calls, newest first: by `fromMs`, then `id`, both descending; those with
   * `fromMs < window.untilMs` and `untilMs >= window.sinceMs`, at most `limit`.
   */
  losses(teamId: string, query: LossQuery): Promise<readonly Loss[]>;
}

export interface Appended {
  /** Calls that are in the log now and were not before. */
  readonly stored: number;
  /** Calls that were there already. */
  readonly known: number;
  /** Calls left out because their server was removed. */
  readonly discarded: number;
}

export interface PageQuery extends CallFilter {
  /** 1 to 1,000. */
  readonly limit: number;
  readonly offset?: number;
  /** `next` of an earlier page of the same filter. */
  readonly cursor?: string;
  /**
   * Cuts longer request and response bodies to so many UTF-16 units (one more where that would halve a
   * character), so that a page of whole bodies need not fit into memory. Absent: bodies as they rest.
   */
  readonly bodyMaxLength?: number;
}

export interface CallPage {
  readonly calls: readonly CallSummary[];
  /** Opaque; null when no call follows. */
  readonly next: string | null;
}

export interface ArrivalsQuery {
  readonly filter: CallFilter;
  /** `next` or a `position` of an earlier answer. */
  readonly after?: string;
  /** 1 to 1,000. */
  readonly limit: number;
  /** As of `PageQuery`. */
  readonly bodyMaxLength?: number;
}

export interface CallArrival {
  /** Opaque, at most 40 characters of A–Z, a–z, 0–9, "-" and "_". */
  readonly position: string;
  readonly call: CallSummary;
}

export interface CallArrivals {
  readonly arrivals: readonly CallArrival[];
  readonly next: string;
}

/** What calls can be grouped by; each is the field of `Call` that its filter tests. */
export const facetFields = [
  "serverId",
  "method",
  "toolName",
  "status",
  "kind",
  "direction",
  "sessionId",
  "clientName",
  "errorKind",
] as const;
export type FacetField = (typeof facetFields)[number];

export interface FacetsQuery {
  readonly filter: CallFilter;
  readonly fields: readonly FacetField[];
  /** 1 to 1,000. */
  readonly valuesMax: number;
}

/** For each field that was asked for. */
export type CallFacets = Readonly<Partial<Record<FacetField, readonly FacetValue[]>>>;

export interface FacetValue {
  readonly value: string;
  readonly calls: number;
}

export interface HistogramQuery {
  /** Its window is what the buckets cover. */
  readonly filter: CallFilter & { readonly window: Required<Window> };
  /** Milliseconds; buckets start at whole multiples of it since the epoch. */
  readonly bucketMs: number;
}

export interface HistogramBucket {
  readonly startMs: number;
  readonly successCount: number;
  readonly errorCount: number;
  readonly timeoutCount: number;
}

export interface LossQuery extends Pick<CallFilter, "serverIds" | "window"> {
  /** 1 to 1,000. */
  readonly limit: number;
}

export interface MetricsQuery extends Omit<CallFilter, "text" | "window"> {
  readonly window: Required<Window>;
  /** Width of a bucket of `series`, milliseconds; buckets start at whole multiples of it since the epoch. */
  readonly bucketMs: number;
}

/** Numbers of one group of calls. Durations are whole milliseconds, null where there is no call. */
export interface CallStatistics {
  readonly totalCalls: number;
  readonly successCount: number;
  readonly errorCount: number;
  readonly timeoutCount: number;
  readonly avgDurationMs: number | null;
  readonly p50DurationMs: number | null;
  readonly p95DurationMs: number | null;
  readonly p99DurationMs: number | null;
  readonly maxDurationMs: number | null;
}

export interface CallMetrics {
  readonly total: CallStatistics;
  /**
   * Groups by descending number of calls, then by name, at most 1,000 of each kind, of which any may be missing
   * where there are more than 10,000 names; `byTool` without the calls that name no tool.
   */
  readonly byTool: readonly NamedStatistics[];
  readonly byMethod: readonly NamedStatistics[];
  /** `name` is the server's id. */
  readonly byServer: readonly NamedStatistics[];
  /** `name` is the client's name, "" for calls of unnamed clients. */
  readonly byClient: readonly NamedStatistics[];
  /** Oldest first; every bucket that overlaps the window, empty ones included. */
  readonly series: readonly (CallStatistics & { readonly startMs: number })[];
}

export interface NamedStatistics extends CallStatistics {
  readonly name: string;
}
