/**
 * The language of the search box: `status:error tool:get_forecast -client:cursor duration:>500 Lisbon`.
 *
 * In: typed text. Out: terms, and a filter narrowed by them. A word with an unknown name before its colon is
 * text like any other (`http://…`), so nothing that is typed is an error.
 */
import { type CallFilter, choose, type ValueField } from "./call-filter.ts";

/** Names as they are typed, in the order in which they are offered. */
export const termNames = {
  status: "status",
  tool: "tool_name",
  method: "method",
  server: "server_id",
  client: "client_name",
  error: "error_kind",
  kind: "kind",
  direction: "direction",
  session: "session_id",
} as const satisfies Record<string, ValueField>;

export type TermName = keyof typeof termNames;

export const termHints: Readonly<Record<TermName | "duration", string>> = {
  status: "success, error, timeout",
  tool: "name of a tool",
  method: "such as tools/call",
  server: "one of your servers",
  client: "name of a client",
  error: "what kind of error",
  kind: "request, notification, http",
  direction: "who asked",
  session: "calls of one session",
  duration: ">500 or <20 milliseconds, 2s",
};

const namesByField = new Map(
  Object.entries(termNames).map(([name, field]) => [field, name as TermName]),
);

export function nameOfField(field: ValueField): TermName {
  return namesByField.get(field) ?? "status";
}

export type Term =
  | {
      readonly kind: "value";
      readonly field: ValueField;
      readonly value: string;
      readonly exclude: boolean;
    }
  | { readonly kind: "duration"; readonly bound: "min" | "max"; readonly ms: number }
  | { readonly kind: "text"; readonly text: string };

// A minus, a name, a colon and a value, which may be quoted; or a quoted phrase; or anything up to a blank.
const termPattern = /(-?)([a-z_]+):("(?:[^"\\]|\\.)*"|[^\s"]\S*)|("[^"]*"?)|(\S+)/gi;

export function parseTerms(text: string): readonly Term[] {
  return [...text.matchAll(termPattern)].map(([whole, minus, name = "", value]): Term => {
    const term = value === undefined ? undefined : namedTerm(name, unquoted(value), minus === "-");
    return term ?? { kind: "text", text: whole };
  });
}

/** The filter with the terms added; all text together replaces the text it had. */
export function applyTerms(filter: CallFilter, terms: readonly Term[]): CallFilter {
  const { q: _q, ...rest } = filter;
  const q = terms.flatMap((term) => (term.kind === "text" ? [term.text] : [])).join(" ");
  return terms.reduce<CallFilter>(applyTerm, q === "" ? rest : { ...rest, q });
}

/** As it would be typed: `-tool:"get forecast"`. */
export function termText(field: ValueField, value: string, exclude: boolean): string {
  const plain = /^[^\s"]+$/.test(value);
  return `${exclude ? "-" : ""}${nameOfField(field)}:${plain ? value : JSON.stringify(value)}`;
}

/** The term that is being typed at the end of the text; the name alone while there is no colon. */
export function unfinished(text: string): {
  readonly start: number;
  readonly exclude: boolean;
  readonly name: string;
  /** Undefined before the colon. */
  readonly value: string | undefined;
} {
  const [whole = "", minus, name = "", colon, value = ""] =
    /(-?)([a-z_]*)(?:(:)("(?:[^"\\]|\\.)*|[^\s"]*))?$/i.exec(text) ?? [];
  return {
    start: text.length - whole.length,
    exclude: minus === "-",
    name: name.toLowerCase(),
    value: colon === undefined ? undefined : value.replace(/^"/, ""),
  };
}

function applyTerm(filter: CallFilter, term: Term): CallFilter {
  if (term.kind === "text") return filter;
  if (term.kind === "duration") return { ...filter, [`${term.bound}_duration_ms`]: `${term.ms}` };
  return choose(filter, term.field, term.value, term.exclude ? "exclude" : "include");
}

function namedTerm(name: string, value: string, exclude: boolean): Term | undefined {
  const known = name.toLowerCase();
  if (known === "duration" && !exclude) return durationTerm(value);
  if (!Object.hasOwn(termNames, known)) return undefined;
  return { kind: "value", field: termNames[known as TermName], value, exclude };
}

/** `>500`, `<20ms`, `>=1.5s`, and `2s` for at least that. */
function durationTerm(value: string): Term | undefined {
  const [, sign = ">", number = "", unit = "ms"] =
    /^([<>]=?)?(\d+(?:\.\d+)?)(ms|s|m)?$/i.exec(value) ?? [];
  if (number === "") return undefined;
  const factor = { ms: 1, s: 1_000, m: 60_000 }[unit.toLowerCase()] ?? 1;
  const ms = Math.round(Number(number) * factor);
  // The API's bounds are inclusive.
  if (sign === ">")
    return { kind: "duration", bound: "min", ms: value.startsWith(">") ? ms + 1 : ms };
  if (sign === "<") return { kind: "duration", bound: "max", ms: Math.max(ms - 1, 0) };
  return { kind: "duration", bound: sign === ">=" ? "min" : "max", ms };
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  return value.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}
