/**
 * The call log in memory: the contract in its shortest form, the model the other drivers are compared
 * with, and the fake of every test. Nothing survives the process; bounded only by what is appended.
 * Reads of text give way to other work every 20 ms, and see the log as it was when they began.
 */
import { setImmediate as turn } from "node:timers/promises";
import { type Call, type CallSummary, withoutBodies } from "../../call.ts";
import type { Loss } from "../../loss.ts";
import { invalid } from "../../problem.ts";
import { bodyPreview } from "../body-preview.ts";
import type { CallFilter } from "../call-filter.ts";
import type {
  Appended,
  ArrivalsQuery,
  CallArrivals,
  CallFacets,
  CallLog,
  CallMetrics,
  CallPage,
  FacetField,
  FacetsQuery,
  HistogramBucket,
  HistogramQuery,
  LossQuery,
  MetricsQuery,
  PageQuery,
} from "../call-log.ts";
import { decodeCursor, encodeCursor, type Place } from "../cursor.ts";
import { facetValues } from "../facet-values.ts";
import { CallHistogram } from "../histogram.ts";
import { decodePosition, encodePosition } from "../position.ts";
import { includesTerms, searchTerms } from "../search-terms.ts";
import { CallTally } from "../statistics.ts";
import { isWithin } from "../window.ts";

const stepMs = 20;

export class MemoryCallLog implements CallLog {
  /** In order of arrival. */
  readonly #calls = new Map<string, Arrived>();
  #arrivals = 0;
  readonly #losses = new Map<string, Loss>();
  readonly #removedServers = new Set<string>();

  async append(calls: Iterable<Call>): Promise<Appended> {
    let [stored, known, discarded] = [0, 0, 0];
    for (const call of calls) {
      if (this.#removedServers.has(serverKey(call.teamId, call.serverId))) discarded++;
      else if (this.#calls.has(call.id)) known++;
      else {
        this.#calls.set(call.id, { call, number: this.#arrivals });
        this.#arrivals++;
        stored++;
      }
    }
    return { stored, known, discarded };
  }

  async page(teamId: string, query: PageQuery, signal?: AbortSignal): Promise<CallPage> {
    const place = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const matching = (await this.#matching(teamId, query, signal))
      .map(({ call }) => call)
      .filter((call) => place === undefined || newestFirst(place, call) < 0)
      .sort(newestFirst)
      .slice(query.offset ?? 0);
    const calls = matching.slice(0, query.limit);
    const last = calls.at(-1);
    return {
      calls: calls.map((call) => toSummary(call, query.bodyMaxLength)),
      next: last && matching.length > calls.length ? encodeCursor(last) : null,
    };
  }

  async find(teamId: string, id: string): Promise<Call | undefined> {
    const call = this.#calls.get(id)?.call;
    return call?.teamId === teamId ? call : undefined;
  }

  async arrivals(
    teamId: string,
    query: ArrivalsQuery,
    signal?: AbortSignal,
  ): Promise<CallArrivals> {
    const end = encodePosition(this.#arrivals);
    signal?.throwIfAborted();
    if (query.after === undefined) return { arrivals: [], next: end };
    const after = decodePosition(query.after);
    if (after > this.#arrivals)
      throw invalid({ field: "after", message: "is not a position that this log issued" });
    const arrivals = (await this.#matching(teamId, query.filter, signal))
      .filter(({ number }) => number >= after)
      .slice(0, query.limit)
      .map(({ call, number }) => ({
        position: encodePosition(number + 1),
        call: toSummary(call, query.bodyMaxLength),
      }));
    const last = arrivals.length < query.limit ? end : arrivals.at(-1)?.position;
    return { arrivals, next: last ?? end };
  }

  async count(teamId: string, filter: CallFilter, signal?: AbortSignal): Promise<number> {
    return (await this.#matching(teamId, filter, signal)).length;
  }

  async facets(
    teamId: string,
    { filter, fields, valuesMax }: FacetsQuery,
    signal?: AbortSignal,
  ): Promise<CallFacets> {
    const matching = await this.#matching(teamId, filter, signal);
    const facet = (field: FacetField) => {
      const counts = new Map<string, number>();
      for (const { call } of matching) counts.set(call[field], (counts.get(call[field]) ?? 0) + 1);
      return facetValues(counts, valuesMax);
    };
    return Object.fromEntries(fields.map((field) => [field, facet(field)]));
  }

  async histogram(
    teamId: string,
    query: HistogramQuery,
    signal?: AbortSignal,
  ): Promise<readonly HistogramBucket[]> {
    const histogram = new CallHistogram(query);
    for (const { call } of await this.#matching(teamId, query.filter, signal))
      histogram.add(call.startedAtMs, call.status, 1);
    return histogram.buckets();
  }

  async metrics(teamId: string, query: MetricsQuery, signal?: AbortSignal): Promise<CallMetrics> {
    using tally = new CallTally(query);
    for (const { call } of await this.#matching(teamId, query, signal)) {
      const { startedAtMs, durationMs, status, method } = call;
      const names = { server: call.serverId, tool: call.toolName, method, client: call.clientName };
      tally.add({ startedAtMs, durationMs, status, ...names });
    }
    return tally.metrics();
  }

  async remove(teamId: string, id: string): Promise<boolean> {
    return (await this.find(teamId, id)) !== undefined && this.#calls.delete(id);
  }

  async removeServer(teamId: string, serverId: string): Promise<number> {
    this.#removedServers.add(serverKey(teamId, serverId));
    for (const loss of this.#losses.values())
      if (loss.teamId === teamId && loss.serverId === serverId) this.#losses.delete(loss.id);
    return this.#removeWhere((call) => call.teamId === teamId && call.serverId === serverId);
  }

  /** Removal here leaves nothing to erase. */
  async sweep(): Promise<void> {}

  async prune(beforeMs: number, teamIds?: readonly string[]): Promise<number> {
    for (const { id, teamId, untilMs } of this.#losses.values())
      if (untilMs < beforeMs && isAnyOf(teamIds, teamId)) this.#losses.delete(id);
    return this.#removeWhere(
      ({ startedAtMs, teamId }) => startedAtMs < beforeMs && isAnyOf(teamIds, teamId),
    );
  }

  async pruneBodies(beforeMs: number): Promise<number> {
    let pruned = 0;
    for (const arrived of this.#calls.values()) {
      const { call } = arrived;
      const { requestBody, responseBody, messages } = call;
      if (call.startedAtMs >= beforeMs) continue;
      if (requestBody === "" && responseBody === "" && messages.length === 0) continue;
      this.#calls.set(call.id, { ...arrived, call: withoutBodies(call) });
      pruned++;
    }
    return pruned;
  }

  async addLosses(losses: readonly Loss[]): Promise<void> {
    for (const loss of losses) {
      if (!this.#removedServers.has(serverKey(loss.teamId, loss.serverId)))
        this.#losses.set(loss.id, loss);
    }
  }

  async losses(
    teamId: string,
    { serverIds, window = {}, limit }: LossQuery,
  ): Promise<readonly Loss[]> {
    const { sinceMs = -Infinity, untilMs = Infinity } = window;
    return [...this.#losses.values()]
      .filter((loss) => loss.teamId === teamId && isAnyOf(serverIds, loss.serverId))
      .filter((loss) => loss.untilMs >= sinceMs && loss.fromMs < untilMs)
      .sort((a, b) => b.fromMs - a.fromMs || (a.id < b.id ? 1 : -1))
      .slice(0, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls.clear();
    this.#losses.clear();
  }

  /** In order of arrival. */
  async #matching(teamId: string, filter: CallFilter, signal?: AbortSignal): Promise<Arrived[]> {
    signal?.throwIfAborted();
    const isWanted = toPredicate(filter);
    const fitting = [...this.#calls.values()].filter(
      ({ call }) => call.teamId === teamId && isWanted(call),
    );
    const terms = searchTerms(filter.text ?? "");
    if (terms.length === 0) return fitting;
    const found: Arrived[] = [];
    let turnAtMs = performance.now() + stepMs;
    for (const arrived of fitting) {
      const { requestBody, responseBody, errorMessage } = arrived.call;
      if (includesTerms([requestBody, responseBody, errorMessage], terms)) found.push(arrived);
      if (performance.now() < turnAtMs) continue;
      await turn();
      signal?.throwIfAborted();
      turnAtMs = performance.now() + stepMs;
    }
    return found;
  }

  #removeWhere(isDoomed: (call: Call) => boolean): number {
    const doomed = [...this.#calls.values()].filter(({ call }) => isDoomed(call));
    for (const { call } of doomed) this.#calls.delete(call.id);
    return doomed.length;
  }
}

interface Arrived {
  readonly call: Call;
  /** How many calls came before it. */
  readonly number: number;
}

function serverKey(teamId: string, serverId: string): string {
  return JSON.stringify([teamId, serverId]);
}

function newestFirst(a: Place, b: Place): number {
  return b.startedAtMs - a.startedAtMs || (a.id === b.id ? 0 : a.id < b.id ? 1 : -1);
}

function toSummary(call: Call, bodyMaxLength: number | undefined): CallSummary {
  const { messages, ...summary } = call;
  return {
    ...summary,
    requestBody: bodyPreview(call.requestBody, bodyMaxLength),
    responseBody: bodyPreview(call.responseBody, bodyMaxLength),
  };
}

/** Everything but the text. */
function toPredicate(filter: CallFilter): (call: Call) => boolean {
  const { exclude = {} } = filter;
  const wanted = fields.filter(([list]) => filter[list]);
  const unwanted = fields.filter(([list]) => exclude[list]);
  return (call) =>
    wanted.every(([list, field]) => isAnyOf<string>(filter[list], call[field])) &&
    !unwanted.some(([list, field]) => isAnyOf<string>(exclude[list], call[field])) &&
    isAnyOf(filter.parentIds, call.parentId) &&
    isAnyOf(filter.logicalIds, call.logicalId) &&
    call.durationMs >= (filter.minDurationMs ?? -Infinity) &&
    call.durationMs <= (filter.maxDurationMs ?? Infinity) &&
    isWithin(filter.window ?? {}, call.startedAtMs);
}

const fields = [
  ["serverIds", "serverId"],
  ["methods", "method"],
  ["toolNames", "toolName"],
  ["statuses", "status"],
  ["kinds", "kind"],
  ["directions", "direction"],
  ["sessionIds", "sessionId"],
  ["clientNames", "clientName"],
  ["errorKinds", "errorKind"],
] as const;

function isAnyOf<Value>(wanted: readonly Value[] | undefined, value: Value): boolean {
  return wanted === undefined || wanted.includes(value);
}
