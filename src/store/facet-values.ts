/** The order and the number of the values of a facet, the same for every driver. */
import type { FacetValue } from "./call-log.ts";

/** Most frequent first, then by value, by UTF-16 units; at most `valuesMax`. */
export function facetValues(
  counts: Iterable<readonly [value: string, calls: number]>,
  valuesMax: number,
): FacetValue[] {
  return [...counts]
    .map(([value, calls]) => ({ value, calls }))
    .sort((a, b) => b.calls - a.calls || (a.value < b.value ? -1 : 1))
    .slice(0, valuesMax);
}
