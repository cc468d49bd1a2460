/** `/v1/mcp/calls/facets`: which values the calls of a filter have, and how many have each. */
import type { CallLog, FacetField } from "../store/call-log.ts";
import { operation } from "./operation.ts";
import { countParameters, toFilter } from "./query.ts";
import { anyOf, oneOf, wholeNumber } from "./query-fields.ts";
import { callFacetsSchema } from "./wire.ts";

const valuesDefault = 20;
const valuesMax = 1_000;

/** By the name of the filter that takes the facet's values. */
const fieldsByFilter = {
  server_id: "serverId",
  method: "method",
  tool_name: "toolName",
  status: "status",
  kind: "kind",
  direction: "direction",
  session_id: "sessionId",
  client_name: "clientName",
  error_kind: "errorKind",
} as const satisfies Partial<Record<keyof typeof countParameters.shape, FacetField>>;
type Filter = keyof typeof fieldsByFilter;
const filters = Object.keys(fieldsByFilter) as [Filter, ...Filter[]];

const parameters = countParameters.extend({
  field: anyOf(oneOf(filters), "What to group by; all but `session_id` unless given."),
  limit: wholeNumber(1, valuesMax)
    .optional()
    .openapi({ default: valuesDefault, description: "Values of each field." }),
});

export function facets(log: Pick<CallLog, "facets">) {
  return operation({
    name: "getCallFacets",
    tag: "Calls",
    summary: "Break calls down by their fields",
    description:
      "Takes the filters of the list and names fields by them: a value in the answer, the empty one too, is good as " +
      "that filter's. Exact.",
    needs: { scope: "calls:read" },
    query: parameters,
    result: callFacetsSchema,
    example: {
      query: "?field=tool_name&field=status&from=2026-11-20",
      answer: {
        data: [
          {
            field: "tool_name",
            values: [
              { value: "search", count: 40 },
              { value: "", count: 2 },
            ],
          },
          { field: "status", values: [{ value: "success", count: 42 }] },
        ],
      },
    },
    run: async ({ caller, query, signal }) => {
      const asked = new Set(query.field ?? filters.filter((name) => name !== "session_id"));
      const found = await log.facets(
        caller.teamId,
        {
          filter: toFilter(query, caller),
          fields: [...asked].map((name) => fieldsByFilter[name]),
          valuesMax: query.limit ?? valuesDefault,
        },
        signal,
      );
      const valuesOf = (name: Filter) => found[fieldsByFilter[name]] ?? [];
      return {
        data: [...asked].map((field) => ({
          field,
          values: valuesOf(field).map(({ value, calls: count }) => ({ value, count })),
        })),
      };
    },
  });
}
