/** Which of the filters leaves nothing over: how many calls there would be without each of them. */
import { useQueries } from "@tanstack/react-query";
import type { WireCallCount } from "../../src/api/wire.ts";
import { call } from "../api.ts";
import { useServersById } from "../servers/servers-query.ts";
import { countText } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { visibleText } from "../visible-text.ts";
import {
  type CallFilter,
  excluding,
  filterKey,
  parseCallFilter,
  toQuery,
  type ValueField,
  valueFields,
} from "./call-filter.ts";
import { facetText } from "./facet-label.tsx";
import { nameOfField } from "./filter-terms.ts";

export interface NarrowestProps {
  readonly filter: CallFilter;
  readonly onChange: (filter: CallFilter) => void;
}

export function Narrowest({ filter, onChange }: NarrowestProps) {
  const servers = useServersById();
  const relaxations = relaxationsOf(filter, (id) => servers.get(id)?.name);
  const counts = useQueries({
    queries: relaxations.map(({ without }) => ({
      queryKey: ["count", filterKey(without)],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        call<WireCallCount>("/mcp/calls/count", { query: toQuery(without, Date.now()), signal }),
    })),
  });
  const found = relaxations
    .map((relaxation, at) => ({ ...relaxation, count: counts[at]?.data?.count ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  return found.map(({ label, without, count }) => (
    <Button key={label} onClick={() => onChange(without)}>
      <span className="max-w-52 truncate">Without {visibleText(label)}</span>
      <span className="text-muted">{countText(count)}</span>
    </Button>
  ));
}

interface Relaxation {
  readonly label: string;
  readonly without: CallFilter;
}

/** Asked for at once. */
const relaxationsMax = 8;

/** The filter without each thing that narrows it: all values of a field go together, for any of them would do. */
function relaxationsOf(
  filter: CallFilter,
  serverName: (id: string) => string | undefined,
): readonly Relaxation[] {
  const without = (name: keyof CallFilter) => parseCallFilter({ ...filter, [name]: undefined });
  const texts = (field: ValueField, values: readonly string[]) =>
    values.map((value) => facetText(field, value, serverName(value))).join(", ");
  const byValue = valueFields.flatMap((field) =>
    ([field, excluding(field)] as const).flatMap((name): Relaxation[] => {
      const values = filter[name];
      if (!values) return [];
      const not = name === field ? "" : "not ";
      return [
        { label: `${not}${nameOfField(field)}: ${texts(field, values)}`, without: without(name) },
      ];
    }),
  );
  const plain = (["q", "min_duration_ms", "max_duration_ms", "parent_id", "logical_id"] as const)
    .filter((name) => filter[name] !== undefined)
    .map((name) => ({ label: plainLabels[name](filter[name] ?? ""), without: without(name) }));
  return [...byValue, ...plain].slice(0, relaxationsMax);
}

const plainLabels = {
  q: (text: string) => `“${text}”`,
  min_duration_ms: (ms: string) => `at least ${ms} ms`,
  max_duration_ms: (ms: string) => `at most ${ms} ms`,
  parent_id: () => "one call's own calls",
  logical_id: () => "one call's rounds",
};
