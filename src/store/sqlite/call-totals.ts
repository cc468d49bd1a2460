/**
 * Answers questions whose answer is a number of calls: how many, of which values, when.
 *
 * Guarantees: all of them agree, since all of them look at the same rows (call-scan.ts). Bounds: a count for each
 * distinct value of a facet's field, of which there may be a million; names are looked up in steps of 20 ms.
 */
import { setImmediate as turn } from "node:timers/promises";
import { callStatuses } from "../../call.ts";
import { Problem } from "../../problem.ts";
import type { CallFilter } from "../call-filter.ts";
import type {
  CallFacets,
  FacetField,
  FacetsQuery,
  FacetValue,
  HistogramBucket,
  HistogramQuery,
} from "../call-log.ts";
import { facetValues } from "../facet-values.ts";
import { CallHistogram } from "../histogram.ts";
import { searchTerms } from "../search-terms.ts";
import { outcomeOf } from "./call-codes.ts";
import type { CallFile } from "./call-file.ts";
import {
  addPairs,
  Count,
  numbersPerStart,
  Starts,
  type TotalsQuestion,
  Values,
} from "./call-numbers.ts";
import { type Scan, scan } from "./call-scan.ts";
import { type SearchLimits, visitAllFound } from "./call-search.ts";
import type { DictionaryColumnName } from "./segment.ts";

const stepMs = 20;
const namesPerStep = 8_192;
const valuesLimit = 1_000_000;

type NamedField = "serverId" | "method" | "toolName" | "sessionId" | "clientName";
const columnOf: Readonly<Record<NamedField, DictionaryColumnName>> = {
  serverId: "server",
  method: "method",
  toolName: "tool",
  sessionId: "session",
  clientName: "client",
};

export class CallTotals {
  readonly #file: CallFile;
  readonly #limits: SearchLimits;

  constructor(file: CallFile, limits: SearchLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  async count(teamId: string, filter: CallFilter, signal?: AbortSignal): Promise<number> {
    if (filter.serverIds) return this.#countOf(filter.serverIds, { teamId, filter, signal });
    let count = 0;
    const question: TotalsQuestion<number> = {
      name: "count",
      begin: () => new Count(),
      add: (calls) => {
        count += calls;
      },
    };
    await this.#ask({ teamId, filter, clock: this.#limits.clock, signal }, question);
    return count;
  }

  /** Asks for the calls of each server: what is remembered of one question answers it for all of them. */
  async #countOf(
    serverIds: readonly string[],
    { teamId, filter, signal }: Omit<Scan, "clock">,
  ): Promise<number> {
    const { names } = this.#file;
    const servers = this.#file.read(() => {
      const team = names.find(teamId);
      const ids = serverIds.map((id) => (team === undefined ? undefined : names.find(id, team)));
      return new Set(ids.filter((id) => id !== undefined));
    });
    if (servers.size === 0) return 0;
    let count = 0;
    const question: TotalsQuestion<readonly Uint32Array[]> = {
      name: valuesOf(["server"]),
      begin: () => new Values(["server"]),
      add: ([pairs = new Uint32Array()]) => {
        for (let at = 0; at < pairs.length; at += 2)
          if (servers.has(pairs[at] ?? 0)) count += pairs[at + 1] ?? 0;
      },
    };
    const { serverIds: _, ...rest } = filter;
    // A search for text finds fewer calls to look at where it knows the server.
    const asked = filter.text === undefined ? rest : filter;
    await this.#ask({ teamId, filter: asked, clock: this.#limits.clock, signal }, question);
    return count;
  }

  async facets(teamId: string, query: FacetsQuery, signal?: AbortSignal): Promise<CallFacets> {
    const { filter, fields, valuesMax } = query;
    const columns = [...new Set(fields.map(columnFor))];
    const counted = columns.map(() => new Map<number, number>());
    const question: TotalsQuestion<readonly Uint32Array[]> = {
      name: valuesOf(columns),
      begin: () => new Values(columns),
      add: (found) => {
        for (const [index, pairs] of found.entries()) {
          const counts = counted[index] ?? new Map<number, number>();
          addPairs(counts, pairs);
          const tooMany = fields.find((field) => columnFor(field) === columns[index]);
          if (counts.size > valuesLimit && tooMany) throw tooManyValues(tooMany);
        }
      },
    };
    await this.#ask({ teamId, filter, clock: this.#limits.clock, signal }, question);
    const found: [FacetField, readonly FacetValue[]][] = [];
    for (const field of new Set(fields)) {
      const counts = counted[columns.indexOf(columnFor(field))] ?? new Map<number, number>();
      const values = isNamed(field)
        ? await this.#names(counts, valuesMax, signal)
        : outcomes(field, counts, valuesMax);
      found.push([field, values]);
    }
    return Object.fromEntries(found);
  }

  async histogram(
    teamId: string,
    query: HistogramQuery,
    signal?: AbortSignal,
  ): Promise<readonly HistogramBucket[]> {
    const histogram = new CallHistogram(query);
    const { filter, bucketMs } = query;
    const question: TotalsQuestion<Float64Array> = {
      name: `histogram by ${bucketMs} ms`,
      begin: () => new Starts(bucketMs),
      add: (found) => {
        for (let at = 0; at < found.length; at += numbersPerStart) {
          const startedMs = (found[at] ?? 0) * bucketMs;
          for (const [index, status] of callStatuses.entries())
            histogram.add(startedMs, status, found[at + 1 + index] ?? 0);
        }
      },
    };
    await this.#ask({ teamId, filter, clock: this.#limits.clock, signal }, question);
    return histogram.buckets();
  }

  /** A text search finds calls one at a time, and remembers nothing: bodies may go and their calls stay. */
  async #ask<Answer>(about: Scan, question: TotalsQuestion<Answer>): Promise<void> {
    const { teamId, filter, signal } = about;
    const terms = searchTerms(filter.text ?? "");
    if (terms.length === 0) return scan(this.#file, about, question);
    const one = new Uint16Array(1);
    const search = { teamId, query: filter, terms, signal };
    const gathering = question.begin();
    await visitAllFound(this.#file, this.#limits, search, ({ segment, position }) => {
      one[0] = position;
      gathering.addRows(segment, one);
    });
    question.add(gathering.end().answer);
  }

  /** In steps: where many have as few calls, all of them may have to be looked up to tell the first by name. */
  async #names(
    counts: ReadonlyMap<number, number>,
    valuesMax: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly FacetValue[]> {
    const least = Float64Array.from(counts.values()).sort().at(-valuesMax) ?? 0;
    const candidates = [...counts].filter(([, calls]) => calls >= least);
    let [first, at]: [readonly FacetValue[], number] = [[], 0];
    const step = (): boolean => {
      const endMs = this.#limits.clock.monotonicMs() + stepMs;
      const named = first.map(({ value, calls }) => [value, calls] as const);
      for (const [name, calls] of candidates.slice(at, at + namesPerStep)) {
        // Without a name its calls are gone, too: retention came in between.
        const value = this.#file.names.textIfKept(name);
        if (value !== undefined) named.push([value, calls]);
        at++;
        if (this.#limits.clock.monotonicMs() >= endMs) break;
      }
      first = facetValues(named, valuesMax);
      return at < candidates.length;
    };
    while (this.#file.read(step)) {
      await turn();
      signal?.throwIfAborted();
    }
    return first;
  }
}

function outcomes(
  field: Exclude<FacetField, NamedField>,
  counts: ReadonlyMap<number, number>,
  valuesMax: number,
): readonly FacetValue[] {
  const byValue = new Map<string, number>();
  for (const [code, calls] of counts) {
    const value = outcomeOf(code)[field];
    byValue.set(value, (byValue.get(value) ?? 0) + calls);
  }
  return facetValues(byValue, valuesMax);
}

function valuesOf(columns: readonly DictionaryColumnName[]): string {
  return `values of ${columns.join()}`;
}

function tooManyValues(field: FacetField): Problem {
  const message = `more than ${valuesLimit} values of ${field}; narrow it by time, server or tool`;
  return new Problem("unavailable", message);
}

function isNamed(field: FacetField): field is NamedField {
  return Object.hasOwn(columnOf, field);
}

function columnFor(field: FacetField): DictionaryColumnName {
  return isNamed(field) ? columnOf[field] : "outcome";
}
