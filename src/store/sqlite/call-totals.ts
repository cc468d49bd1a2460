/**
 * Answers questions whose answer is a number of calls: how many, of which values, when.
 *
 * Guarantees: all of them agree, since all of them look at the same rows (call-scan.ts). Bounds: a count for each
 * distinct value of a facet's field, of which there may be a million; names are looked up in steps of 20 ms.
 */
import { setImmediate as turn } from "node:timers/promises";
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
import { scan } from "./call-scan.ts";
import { type SearchLimits, visitAllFound } from "./call-search.ts";
import { countCodes, type Positions } from "./hot-loops.ts";
import type { DictionaryColumnName, Segment } from "./segment.ts";

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
    let count = 0;
    if (searchTerms(filter.text ?? "").length > 0) {
      await this.#look(teamId, filter, signal, (_, positions) => {
        count += positions.length;
      });
      return count;
    }
    const about = { teamId, filter, clock: this.#limits.clock, signal };
    await scan(this.#file, about, {
      visit: (segment, selection, span) => {
        count += selection.count(segment, span);
      },
    });
    return count;
  }

  async facets(teamId: string, query: FacetsQuery, signal?: AbortSignal): Promise<CallFacets> {
    const { filter, fields, valuesMax } = query;
    const facets = [...new Set(fields)].map((field) => ({
      field,
      counts: new Map<number, number>(),
    }));
    await this.#look(teamId, filter, signal, (segment, positions) => {
      for (const { field, counts } of facets) {
        addCounts(counts, segment, columnFor(field), positions);
        if (counts.size > valuesLimit) throw tooManyValues(field);
      }
    });
    const found: [FacetField, readonly FacetValue[]][] = [];
    for (const { field, counts } of facets) {
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
    await this.#look(teamId, query.filter, signal, (segment, positions) => {
      for (const run of runsByBucket(segment, positions, query.bucketMs)) {
        const counts = new Map<number, number>();
        addCounts(counts, segment, "outcome", run);
        const startedMs = segment.startedMs(run[0] ?? 0);
        for (const [code, calls] of counts) histogram.add(startedMs, outcomeOf(code).status, calls);
      }
    });
    return histogram.buckets();
  }

  /** Shows every matching call, many or one at a time. */
  async #look(
    teamId: string,
    filter: CallFilter,
    signal: AbortSignal | undefined,
    visit: (segment: Segment, positions: Positions) => void,
  ): Promise<void> {
    const terms = searchTerms(filter.text ?? "");
    if (terms.length > 0) {
      const search = { teamId, query: filter, terms, signal };
      const one = new Uint16Array(1);
      await visitAllFound(this.#file, this.#limits, search, ({ segment, position }) => {
        one[0] = position;
        visit(segment, one);
      });
      return;
    }
    const about = { teamId, filter, clock: this.#limits.clock, signal };
    await scan(this.#file, about, {
      visit: (segment, selection, span) => visit(segment, selection.select(segment, span)),
    });
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

function addCounts(
  counts: Map<number, number>,
  segment: Segment,
  column: DictionaryColumnName,
  positions: Positions,
): void {
  const { values, codes, counts: whole } = segment.dictionary(column);
  let found: Uint32Array = whole;
  if (!codes) found = Uint32Array.of(positions.length);
  else if (positions.length < segment.head.rows) {
    found = new Uint32Array(values.length);
    countCodes(positions, codes, found);
  }
  for (let code = 0; code < values.length; code++) {
    const [value = 0, calls = 0] = [values[code], found[code]];
    if (calls > 0) counts.set(value, (counts.get(value) ?? 0) + calls);
  }
}

/** Positions ascend by start, so those of one bucket lie side by side. */
function* runsByBucket(
  segment: Segment,
  positions: Positions,
  bucketMs: number,
): Generator<Positions> {
  let from = 0;
  while (from < positions.length) {
    const bucket = Math.floor(segment.startedMs(positions[from] ?? 0) / bucketMs);
    const beyond = segment.firstRowFrom((bucket + 1) * bucketMs);
    let [low, high] = [from, positions.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((positions[middle] ?? 0) < beyond) low = middle + 1;
      else high = middle;
    }
    // The first is of its own bucket, whatever a damaged column says.
    const to = Math.max(low, from + 1);
    yield positions.subarray(from, to);
    from = to;
  }
}
