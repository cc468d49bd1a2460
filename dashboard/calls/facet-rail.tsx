/** What can be chosen to narrow the list, with how often it occurs: a click includes, a second lets go. */
import { useState } from "react";
import { readStored, write } from "../preferences.ts";
import { shortCount } from "../time.ts";
import { classNames } from "../ui/class-names.ts";
import { Icon } from "../ui/icon.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { type CallFilter, choiceOf, choose, type ValueField } from "./call-filter.ts";
import { useFacetLabel } from "./facet-label.tsx";
import { type Facets, type FacetValue, facetFields } from "./facets-query.ts";

export interface FacetRailProps {
  readonly filter: CallFilter;
  readonly facets: Facets;
  readonly failed: boolean;
  readonly onChange: (filter: CallFilter) => void;
}

const titles: Readonly<Record<ValueField, string>> = {
  status: "Status",
  error_kind: "Kind of error",
  server_id: "Server",
  tool_name: "Tool",
  method: "Method",
  client_name: "Client",
  session_id: "Session",
  kind: "Kind",
  direction: "Asked by",
};

/** Shown at once; the others behind a button. */
const valuesAtOnce = 6;
const storageKey = "hookwatch.folded-facets";

export function FacetRail({ filter, facets, failed, onChange }: FacetRailProps) {
  const [folded, setFolded] = useState(readFolded);
  const toggle = (field: ValueField) => {
    const next = folded.includes(field)
      ? folded.filter((each) => each !== field)
      : [...folded, field];
    setFolded(next);
    write(storageKey, next);
  };
  return (
    <div className="flex flex-col gap-1 p-2">
      {failed && (
        <p role="status" className="px-2 py-1 text-sm text-muted">
          The counts could not be loaded.
        </p>
      )}
      {facetFields.map((field) => {
        const values = facets[field];
        if (values && !isWorthShowing(field, values, filter)) return null;
        return (
          <section key={field} aria-label={titles[field]}>
            <button
              type="button"
              aria-expanded={!folded.includes(field)}
              className="flex h-7 w-full items-center gap-1 rounded-md px-2 text-sm font-medium text-muted hover:text-text"
              onClick={() => toggle(field)}
            >
              <span className="flex-1 text-left">{titles[field]}</span>
              <Icon
                name="chevronDown"
                className={classNames("size-3", folded.includes(field) && "-rotate-90")}
              />
            </button>
            {!folded.includes(field) && (
              <Values field={field} values={values} filter={filter} onChange={onChange} />
            )}
          </section>
        );
      })}
    </div>
  );
}

interface ValuesProps {
  readonly field: ValueField;
  readonly values: readonly FacetValue[] | undefined;
  readonly filter: CallFilter;
  readonly onChange: (filter: CallFilter) => void;
}

function Values({ field, values, filter, onChange }: ValuesProps) {
  const [all, setAll] = useState(false);
  if (!values) {
    return (
      <div className="flex flex-col gap-2.5 px-2 py-2">
        <Skeleton className="w-4/5" />
        <Skeleton className="w-3/5" />
      </div>
    );
  }
  const most = Math.max(...values.map(({ count }) => count), 1);
  const shown = all ? values : values.slice(0, valuesAtOnce);
  return (
    <ul className="mb-2">
      {shown.map((value) => (
        <li key={value.value}>
          <Value field={field} value={value} most={most} filter={filter} onChange={onChange} />
        </li>
      ))}
      {values.length > valuesAtOnce && (
        <li>
          <button
            type="button"
            className="h-6 px-2 text-sm text-accent hover:underline"
            onClick={() => setAll(!all)}
          >
            {all ? "Fewer" : `${values.length - valuesAtOnce} more`}
          </button>
        </li>
      )}
    </ul>
  );
}

interface ValueProps extends Omit<ValuesProps, "values"> {
  readonly value: FacetValue;
  readonly most: number;
}

function Value({ field, value: { value, count }, most, filter, onChange }: ValueProps) {
  const label = useFacetLabel(field, value);
  const choice = choiceOf(filter, field, value);
  const set = (next: "include" | "exclude" | "only") =>
    onChange(choose(filter, field, value, next === choice ? "none" : next));
  return (
    <div
      className={classNames(
        "group relative flex h-7 items-center gap-2 rounded-md px-2 hover:bg-hover",
        choice === "include" && "bg-accent-soft hover:bg-accent-soft",
      )}
    >
      <button
        type="button"
        aria-pressed={choice === "include"}
        aria-label={`${label.text}, ${count}`}
        className={classNames(
          "flex min-w-0 flex-1 items-center gap-2 self-stretch text-left",
          choice === "exclude" && "text-faint line-through",
        )}
        onClick={() => set("include")}
      >
        <span className="min-w-0 truncate">{label.shown}</span>
      </button>
      <span className="text-xs text-muted group-focus-within:hidden group-hover:hidden">
        {shortCount(count)}
      </span>
      <span className="hidden shrink-0 items-center group-focus-within:flex group-hover:flex">
        <button
          type="button"
          aria-pressed={choice === "exclude"}
          aria-label={`Exclude ${label.text}`}
          title="Exclude"
          className={classNames(
            "flex size-5 items-center justify-center rounded-sm hover:bg-pressed hover:text-text",
            choice === "exclude" ? "text-error" : "text-muted",
          )}
          onClick={() => set("exclude")}
        >
          <Icon name="exclude" className="size-3.5" />
        </button>
        <button
          type="button"
          aria-label={`Only ${label.text}`}
          className="flex h-5 items-center rounded-sm px-1 text-xs text-muted hover:bg-pressed hover:text-text"
          onClick={() => set("only")}
        >
          only
        </button>
      </span>
      <span
        aria-hidden="true"
        className="pointer-events-none absolute bottom-0.5 left-2 h-px bg-line-strong"
        style={{ width: `calc((100% - 1rem) * ${count / most})` }}
      />
    </div>
  );
}

/** A facet with a single value tells nothing, unless it is what was chosen. */
function isWorthShowing(
  field: ValueField,
  values: readonly FacetValue[],
  filter: CallFilter,
): boolean {
  const always: readonly ValueField[] = ["status", "tool_name", "method"];
  if (filter[field] || filter[`exclude_${field}`]) return true;
  return always.includes(field) ? values.length > 0 : values.length > 1;
}

function readFolded(): readonly string[] {
  const stored = readStored(storageKey);
  return Array.isArray(stored) ? stored.map(String) : ["kind", "direction"];
}
