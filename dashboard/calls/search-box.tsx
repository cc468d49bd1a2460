/**
 * One box for every filter: chips for those that are set, text for words to search for, completion of names
 * and of values that calls have.
 */
import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from "react";
import { useServersById } from "../servers/servers-query.ts";
import { classNames } from "../ui/class-names.ts";
import { Icon } from "../ui/icon.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { visibleText } from "../visible-text.ts";
import { type CallFilter, choose, cleared, isNarrow } from "./call-filter.ts";
import { type Completion, completionsOf } from "./completions.ts";
import { facetText } from "./facet-label.tsx";
import type { Facets } from "./facets-query.ts";
import { FilterChips, lastChip } from "./filter-chips.tsx";
import { applyTerms, parseTerms } from "./filter-terms.ts";

export interface SearchBoxProps {
  readonly filter: CallFilter;
  readonly facets: Facets;
  readonly onChange: (filter: CallFilter) => void;
  readonly input: RefObject<HTMLInputElement | null>;
}

export function SearchBox({ filter, facets, onChange, input }: SearchBoxProps) {
  const [text, setText] = useState(filter.q ?? "");
  const [open, setOpen] = useState(false);
  /** -1: Enter searches for what is typed. */
  const [at, setAt] = useState(-1);
  const listId = useId();
  const servers = useServersById();
  useEffect(() => setText(filter.q ?? ""), [filter.q]);
  const offered = completionsOf(text, facets, (field, value) =>
    visibleText(
      facetText(field, value, field === "server_id" ? servers.get(value)?.name : undefined),
    ),
  );
  const search = (typed: string) => {
    setOpen(false);
    onChange(applyTerms(filter, parseTerms(typed)));
  };
  const take = ({ choice, text: completed }: Completion) => {
    setAt(-1);
    setText(completed);
    if (!choice) return;
    const { field, value, exclude } = choice;
    const words = applyTerms(filter, parseTerms(completed));
    onChange(choose(words, field, value, exclude ? "exclude" : "include"));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = offered[at];
    const count = offered.length;
    const completed = open && text !== "" && !event.shiftKey ? (chosen ?? offered[0]) : undefined;
    if (event.key === "ArrowDown" && count > 0) setAt(at >= count - 1 ? -1 : at + 1);
    else if (event.key === "ArrowUp" && count > 0) setAt(at === -1 ? count - 1 : at - 1);
    else if (event.key === "Enter" && open && chosen) take(chosen);
    else if (event.key === "Enter") search(text);
    else if (event.key === "Tab" && completed) take(completed);
    else if (event.key === "Escape" && open) setOpen(false);
    else if (event.key === "Escape") event.currentTarget.blur();
    else if (event.key === "Backspace" && text === "") {
      const last = lastChip(filter);
      if (!last) return;
      onChange(last.without);
      setText(last.text);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const listed = open && offered.length > 0;
  return (
    <search className="relative min-w-0 flex-1">
      <div className="flex min-h-8 flex-wrap items-center gap-1 rounded-md border border-line-strong bg-surface py-0.5 pr-1 pl-2.5 focus-within:border-accent focus-within:outline-2 focus-within:outline-accent">
        <Icon name="search" className="text-muted" />
        <FilterChips filter={filter} onChange={onChange} />
        <input
          ref={input}
          role="combobox"
          aria-label="Search calls"
          aria-expanded={listed}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={listed && at >= 0 ? `${listId}-${at}` : undefined}
          autoComplete="off"
          spellCheck={false}
          className="h-7 min-w-32 flex-1 bg-transparent px-1 outline-none"
          placeholder={isNarrow(filter) ? "Add a filter" : "Search bodies, or status:error tool:…"}
          value={text}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onChange={(event) => {
            setText(event.target.value);
            setAt(-1);
            setOpen(true);
          }}
          onKeyDown={onKeyDown}
        />
        <BoxEnd
          clearable={isNarrow(filter)}
          onClear={() => {
            setText("");
            onChange(cleared(filter));
          }}
        />
      </div>
      {listed && <Offered id={listId} offered={offered} at={at} onPoint={setAt} onTake={take} />}
    </search>
  );
}

/** A way to clear the box, or the key that leads into it. */
function BoxEnd({ clearable, onClear }: { clearable: boolean; onClear: () => void }) {
  if (!clearable) {
    return (
      <span className="hidden pr-1 sm:inline">
        <Kbd keys="/" />
      </span>
    );
  }
  return (
    <button
      type="button"
      aria-label="Clear all filters"
      className="flex size-6 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
      onClick={onClear}
    >
      <Icon name="close" className="size-3.5" />
    </button>
  );
}

interface OfferedProps {
  readonly id: string;
  readonly offered: readonly Completion[];
  readonly at: number;
  readonly onPoint: (at: number) => void;
  readonly onTake: (completion: Completion) => void;
}

function Offered({ id, offered, at, onPoint, onTake }: OfferedProps) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label="Suggestions"
      className="absolute top-full left-0 z-30 mt-1 max-h-80 w-full max-w-lg overflow-y-auto rounded-lg bg-raised p-1 shadow-pop"
    >
      {offered.map((completion, place) => (
        <div
          key={completion.label}
          id={`${id}-${place}`}
          ref={(element) => {
            if (place === at) element?.scrollIntoView({ block: "nearest" });
          }}
          role="option"
          tabIndex={-1}
          aria-selected={place === at}
          className={classNames(
            "flex h-7 cursor-pointer items-center gap-3 rounded-md px-2",
            place === at && "bg-hover",
          )}
          onPointerMove={() => onPoint(place)}
          // Before the input loses the focus, which closes the list.
          onPointerDown={(event) => {
            event.preventDefault();
            onTake(completion);
          }}
        >
          <bdi className="min-w-0 flex-1 truncate">{completion.label}</bdi>
          <span className="truncate text-sm text-muted">{completion.hint}</span>
        </div>
      ))}
    </div>
  );
}
