/** The filters that are set, each with a way to turn it round and to let go of it. */
import { duration } from "../time.ts";
import { classNames } from "../ui/class-names.ts";
import { Icon } from "../ui/icon.tsx";
import {
  type CallFilter,
  choose,
  excluding,
  parseCallFilter,
  type ValueField,
  valueFields,
} from "./call-filter.ts";
import { useFacetLabel } from "./facet-label.tsx";
import { nameOfField, termText } from "./filter-terms.ts";

interface ChipsProps {
  readonly filter: CallFilter;
  readonly onChange: (filter: CallFilter) => void;
}

export function FilterChips({ filter, onChange }: ChipsProps) {
  return (
    <>
      {chosenValues(filter).map((chosen) => (
        <ValueChip
          key={`${chosen.field} ${chosen.value}`}
          {...chosen}
          filter={filter}
          onChange={onChange}
        />
      ))}
      {plainChips(filter).map(({ name, label, without }) => (
        <Chip key={name} label={label} onRemove={() => onChange(without)} />
      ))}
    </>
  );
}

interface ChosenValue {
  readonly field: ValueField;
  readonly value: string;
  readonly exclude: boolean;
}

/** The filter that Backspace lets go of, as text that can be edited. */
export function lastChip(
  filter: CallFilter,
): { readonly text: string; readonly without: CallFilter } | undefined {
  const plain = plainChips(filter).at(-1);
  if (plain) return { text: plain.text, without: plain.without };
  const last = chosenValues(filter).at(-1);
  if (!last) return undefined;
  const { field, value, exclude } = last;
  return { text: termText(field, value, exclude), without: choose(filter, field, value, "none") };
}

function chosenValues(filter: CallFilter): readonly ChosenValue[] {
  return valueFields.flatMap((field) => [
    ...(filter[field] ?? []).map((value) => ({ field, value, exclude: false })),
    ...(filter[excluding(field)] ?? []).map((value) => ({ field, value, exclude: true })),
  ]);
}

/** Filters of one value: durations, and calls that belong together. */
function plainChips(filter: CallFilter) {
  const chips = [
    {
      name: "min_duration_ms",
      label: (value: string) => `at least ${duration(Number(value))}`,
      text: (value: string) => `duration:>=${value}`,
    },
    {
      name: "max_duration_ms",
      label: (value: string) => `at most ${duration(Number(value))}`,
      text: (value: string) => `duration:<=${value}`,
    },
    { name: "parent_id", label: () => "asked during one call", text: () => "" },
    { name: "logical_id", label: () => "rounds of one call", text: () => "" },
  ] as const;
  return chips.flatMap(({ name, label, text }) => {
    const value = filter[name];
    if (value === undefined) return [];
    const without = parseCallFilter({ ...filter, [name]: undefined });
    return [{ name, label: label(value), text: text(value), without }];
  });
}

function ValueChip({ field, value, exclude, filter, onChange }: ChosenValue & ChipsProps) {
  const { text } = useFacetLabel(field, value);
  return (
    <Chip
      label={`${nameOfField(field)}: ${text}`}
      exclude={exclude}
      onTurn={() => onChange(choose(filter, field, value, exclude ? "include" : "exclude"))}
      onRemove={() => onChange(choose(filter, field, value, "none"))}
    />
  );
}

interface ChipProps {
  readonly label: string;
  readonly exclude?: boolean;
  readonly onTurn?: () => void;
  readonly onRemove: () => void;
}

function Chip({ label, exclude = false, onTurn, onRemove }: ChipProps) {
  return (
    <span
      className={classNames(
        "inline-flex h-6 max-w-56 items-center rounded-sm text-sm font-medium",
        exclude ? "bg-error-soft text-error" : "bg-accent-soft text-accent",
      )}
    >
      <button
        type="button"
        disabled={!onTurn}
        title={exclude ? "Include instead" : "Exclude instead"}
        className="min-w-0 truncate pl-1.5 disabled:cursor-default"
        onClick={onTurn}
      >
        {exclude && "not "}
        <bdi>{label}</bdi>
      </button>
      <button
        type="button"
        aria-label={`Remove ${exclude ? "not " : ""}${label}`}
        className="flex size-6 shrink-0 items-center justify-center rounded-sm hover:bg-hover"
        onClick={onRemove}
      >
        <Icon name="close" className="size-3" />
      </button>
    </span>
  );
}
