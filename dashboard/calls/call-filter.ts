/**
 * Which calls are shown: what stands in the address of the list, and what is asked of the API for it.
 *
 * The names are those of the API. A time range is either relative (`range=1h`, kept as it is, so that the
 * list moves on with the clock) or absolute (`from`, `to`); neither means the last 24 hours.
 */
import type { Query } from "../api.ts";
import { many, one } from "../search-params.ts";

/** Filters that take several values. */
export const valueFields = [
  "status",
  "error_kind",
  "server_id",
  "tool_name",
  "method",
  "client_name",
  "session_id",
  "kind",
  "direction",
] as const;

export type ValueField = (typeof valueFields)[number];

const textFields = [
  "q",
  "from",
  "to",
  "range",
  "min_duration_ms",
  "max_duration_ms",
  "parent_id",
  "logical_id",
] as const;

type TextField = (typeof textFields)[number];
type ExcludeField = `exclude_${ValueField}`;

export type CallFilter = {
  readonly [Field in ValueField | ExcludeField]?: readonly string[];
} & { readonly [Field in TextField]?: string } & {
  /** The call that is open beside the list; no filter. */
  readonly call?: string;
};

/** Lengths of a relative range, milliseconds; `all` has none. */
export const ranges = {
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
  "30d": 2_592_000_000,
} as const;

export const defaultRange = "24h";
export type Range = keyof typeof ranges | "all";

/** As the API allows. */
const valueMaxLength = 1_000;

export function parseCallFilter(raw: Record<string, unknown>): CallFilter {
  const filter: Record<string, string | readonly string[]> = {};
  for (const field of valueFields) {
    for (const name of [field, excluding(field)]) {
      const values = many(raw[name])?.filter((value) => value.length <= valueMaxLength);
      if (values && values.length > 0) filter[name] = values;
    }
  }
  for (const name of [...textFields, "call"]) {
    const value = one(raw[name]);
    if (value !== undefined && value !== "" && value.length <= valueMaxLength) filter[name] = value;
  }
  return filter as CallFilter;
}

/** What the API is asked. A relative range ends open: later calls belong to it. */
export function toQuery(filter: CallFilter, nowMs: number): Query {
  const { call: _call, range: _range, ...rest } = filter;
  const span = spanOf(filter);
  if (span === undefined) return rest;
  return { ...rest, from: new Date(nowMs - span).toISOString() };
}

/** Length of the relative range, milliseconds; undefined for absolute ones and for all time. */
export function spanOf(filter: CallFilter): number | undefined {
  const range = rangeOf(filter);
  return range === undefined || range === "all" ? undefined : ranges[range];
}

/** Undefined when the range is absolute. */
export function rangeOf({ range, from, to }: CallFilter): Range | undefined {
  if (from !== undefined || to !== undefined) return undefined;
  if (range === "all") return "all";
  return range !== undefined && Object.hasOwn(ranges, range) ? (range as Range) : defaultRange;
}

/** Whether calls that end from now on can belong to it. */
export function isOpen({ to }: CallFilter, nowMs: number): boolean {
  return to === undefined || !(Date.parse(to) <= nowMs);
}

export function withRange(filter: CallFilter, range: Range): CallFilter {
  const { from: _from, to: _to, range: _range, ...rest } = filter;
  return range === defaultRange ? rest : { ...rest, range };
}

export function withWindow(filter: CallFilter, fromMs: number, toMs: number): CallFilter {
  const { range: _range, ...rest } = filter;
  return { ...rest, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

export function excluding(field: ValueField): ExcludeField {
  return `exclude_${field}`;
}

export type Choice = "include" | "exclude" | "only" | "none";

/** How a value stands in a filter, and a filter in which it stands otherwise. */
export function choiceOf(filter: CallFilter, field: ValueField, value: string): Choice {
  if (filter[field]?.includes(value)) return "include";
  return filter[excluding(field)]?.includes(value) ? "exclude" : "none";
}

export function choose(
  filter: CallFilter,
  field: ValueField,
  value: string,
  choice: Choice,
): CallFilter {
  const others = (name: ValueField | ExcludeField) =>
    (filter[name] ?? []).filter((each) => each !== value);
  const included = choice === "only" ? [] : others(field);
  const excluded = choice === "only" ? [] : others(excluding(field));
  if (choice === "include" || choice === "only") included.push(value);
  if (choice === "exclude") excluded.push(value);
  return parseCallFilter({ ...filter, [field]: included, [excluding(field)]: excluded });
}

/** Without whatever narrows it but the range. */
export function cleared({ range, from, to, call }: CallFilter): CallFilter {
  return parseCallFilter({ range, from, to, call });
}

/** Whether anything but the range narrows it. */
export function isNarrow(filter: CallFilter): boolean {
  const { range: _range, from: _from, to: _to, call: _call, ...rest } = filter;
  return Object.keys(rest).length > 0;
}

/** The same for filters that show the same calls: what is open beside them does not count. */
export function filterKey({ call: _call, ...filter }: CallFilter): string {
  return JSON.stringify(Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1)));
}
