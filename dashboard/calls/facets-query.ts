/** Which values the calls of a filter have, and how many calls have each. */
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import type { WireCallFacets } from "../../src/api/wire.ts";
import { call } from "../api.ts";
import {
  type CallFilter,
  excluding,
  filterKey,
  parseCallFilter,
  toQuery,
  type ValueField,
} from "./call-filter.ts";

/** In the order in which the rail shows them. */
export const facetFields = [
  "status",
  "error_kind",
  "server_id",
  "tool_name",
  "method",
  "client_name",
  "kind",
  "direction",
] as const satisfies readonly ValueField[];

export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

export type Facets = Partial<Record<ValueField, readonly FacetValue[]>>;

const valuesMax = 50;

/** A facet shows what there would be without its own filter, so that another value can be chosen beside the first. */
export function useFacets(
  filter: CallFilter,
  enabled: boolean,
): { readonly facets: Facets; readonly failed: boolean; readonly refetch: () => void } {
  const filtered = facetFields.filter((field) => filter[field] || filter[excluding(field)]);
  const plain = facetFields.filter((field) => !filtered.includes(field));
  const asked = [
    { fields: plain, filter },
    ...filtered.map((field) => ({ fields: [field], filter: withoutField(filter, field) })),
  ].filter(({ fields }) => fields.length > 0);
  const results = useQueries({
    queries: asked.map(({ fields, filter: own }) => ({
      queryKey: ["facets", fields, filterKey(own)],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        call<WireCallFacets>("/mcp/calls/facets", {
          query: { ...toQuery(own, Date.now()), field: fields, limit: valuesMax },
          signal,
        }),
      enabled,
      placeholderData: keepPreviousData,
      staleTime: 15_000,
    })),
  });
  const facets: Facets = {};
  for (const { data } of results) {
    for (const { field, values } of data?.data ?? []) {
      // That a call has no error is what its status says.
      facets[field as ValueField] =
        field === "error_kind" ? values.filter(({ value }) => value !== "") : values;
    }
  }
  return {
    facets,
    failed: results.some(({ error }) => error !== null),
    refetch: () => {
      for (const { refetch } of results) void refetch();
    },
  };
}

function withoutField(filter: CallFilter, field: ValueField): CallFilter {
  return parseCallFilter({ ...filter, [field]: undefined, [excluding(field)]: undefined });
}
