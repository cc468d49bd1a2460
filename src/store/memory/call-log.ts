/**
 * The call log in memory: the contract in its shortest form, the model the other drivers are compared
 * with, and the fake of every test. Nothing survives the process; bounded only by what is appended.
 */
import type { Call, CallSummary } from "../../call.ts";
import { bodyPreview } from "../body-preview.ts";
import type {
  Appended,
  CallFilter,
  CallLog,
  CallMetrics,
  CallPage,
  MetricsQuery,
  PageQuery,
} from "../call-log.ts";
import { decodeCursor, encodeCursor, type Place } from "../cursor.ts";
import { includesTerms, searchTerms } from "../search-terms.ts";
import { CallTally } from "../statistics.ts";
import { isWithin } from "../window.ts";

export class MemoryCallLog implements CallLog {
  readonly #calls = new Map<string, Call>();
  readonly #removedServers = new Set<string>();

  async append(calls: readonly Call[]): Promise<Appended> {
    let [stored, known, discarded] = [0, 0, 0];
    for (const call of calls) {
      if (this.#removedServers.has(serverKey(call.teamId, call.serverId))) discarded++;
      else if (this.#calls.has(call.id)) known++;
      else {
        this.#calls.set(call.id, call);
        stored++;
      }
    }
    return { stored, known, discarded };
  }

  async page(teamId: string, query: PageQuery): Promise<CallPage> {
    const place = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const matching = this.#matching(teamId, query)
      .sort(newestFirst)
      .filter((call) => place === undefined || newestFirst(place, call) < 0)
      .slice(query.offset ?? 0);
    const calls = matching.slice(0, query.limit);
    const last = calls.at(-1);
    return {
      calls: calls.map((call) => toSummary(call, query.bodyMaxLength)),
      next: last && matching.length > calls.length ? encodeCursor(last) : null,
    };
  }

  async find(teamId: string, id: string): Promise<Call | undefined> {
    const call = this.#calls.get(id);
    return call?.teamId === teamId ? call : undefined;
  }

  async count(teamId: string, filter: CallFilter): Promise<number> {
    return this.#matching(teamId, filter).length;
  }

  async metrics(teamId: string, query: MetricsQuery): Promise<CallMetrics> {
    const tally = new CallTally(query);
    for (const call of this.#matching(teamId, query)) {
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
    return this.#removeWhere((call) => call.teamId === teamId && call.serverId === serverId);
  }

  /** Removal here leaves nothing to erase. */
  async sweep(): Promise<void> {}

  async prune(beforeMs: number): Promise<number> {
    return this.#removeWhere((call) => call.startedAtMs < beforeMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls.clear();
  }

  #matching(teamId: string, filter: CallFilter): Call[] {
    const terms = searchTerms(filter.text ?? "");
    return [...this.#calls.values()].filter(
      (call) => call.teamId === teamId && matches(call, filter, terms),
    );
  }

  #removeWhere(isDoomed: (call: Call) => boolean): number {
    const doomed = [...this.#calls.values()].filter(isDoomed);
    for (const { id } of doomed) this.#calls.delete(id);
    return doomed.length;
  }
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

function matches(call: Call, filter: CallFilter, terms: readonly Buffer[]): boolean {
  return (
    isAnyOf(filter.serverIds, call.serverId) &&
    isAnyOf(filter.methods, call.method) &&
    isAnyOf(filter.toolNames, call.toolName) &&
    isAnyOf(filter.statuses, call.status) &&
    isAnyOf(filter.kinds, call.kind) &&
    isAnyOf(filter.directions, call.direction) &&
    isAnyOf(filter.sessionIds, call.sessionId) &&
    isAnyOf(filter.parentIds, call.parentId) &&
    isAnyOf(filter.logicalIds, call.logicalId) &&
    isAnyOf(filter.clientNames, call.clientName) &&
    isAnyOf<string>(filter.errorKinds, call.errorKind) &&
    call.durationMs >= (filter.minDurationMs ?? -Infinity) &&
    call.durationMs <= (filter.maxDurationMs ?? Infinity) &&
    isWithin(filter.window ?? {}, call.startedAtMs) &&
    includesTerms([call.requestBody, call.responseBody, call.errorMessage], terms)
  );
}

function isAnyOf<Value>(wanted: readonly Value[] | undefined, value: Value): boolean {
  return wanted === undefined || wanted.includes(value);
}
