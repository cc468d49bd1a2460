/** What the search box offers while something is typed: names of filters, then values that calls have. */
import { shortCount } from "../time.ts";
import type { ValueField } from "./call-filter.ts";
import type { Facets } from "./facets-query.ts";
import { type TermName, termHints, termNames, unfinished } from "./filter-terms.ts";

export interface Completion {
  /** What stands in the list. */
  readonly label: string;
  readonly hint: string;
  /** A whole value, which becomes a filter; otherwise the text of the box is completed. */
  readonly choice?: {
    readonly field: ValueField;
    readonly value: string;
    readonly exclude: boolean;
  };
  /** The text of the box, completed. */
  readonly text: string;
}

const offeredMax = 12;

/** @param labelOf how a value is shown: a server by its name. */
export function completionsOf(
  text: string,
  facets: Facets,
  labelOf: (field: ValueField, value: string) => string,
): readonly Completion[] {
  const { start, exclude, name, value } = unfinished(text);
  const before = text.slice(0, start);
  const minus = exclude ? "-" : "";
  if (value === undefined) {
    return Object.entries(termHints)
      .filter(([each]) => each.startsWith(name) && !(exclude && each === "duration"))
      .map(([each, hint]) => ({
        label: `${minus}${each}:`,
        hint,
        text: `${before}${minus}${each}:`,
      }));
  }
  if (!Object.hasOwn(termNames, name)) return [];
  const field = termNames[name as TermName];
  const wanted = value.toLowerCase();
  return (facets[field] ?? [])
    .map((each) => ({ ...each, label: labelOf(field, each.value) }))
    .filter(({ label, value: id }) => `${label}\n${id}`.toLowerCase().includes(wanted))
    .slice(0, offeredMax)
    .map(({ label, value: each, count }) => ({
      label,
      hint: shortCount(count),
      choice: { field, value: each, exclude },
      text: before,
    }));
}
