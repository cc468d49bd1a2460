/** The line above the list: what is searched for, and in which time. */
import type { RefObject } from "react";
import { Button } from "../ui/button.tsx";
import type { CallFilter } from "./call-filter.ts";
import type { Facets } from "./facets-query.ts";
import { RangePicker } from "./range-picker.tsx";
import { SearchBox } from "./search-box.tsx";

export interface CallsToolbarProps {
  readonly filter: CallFilter;
  readonly facets: Facets;
  readonly onChange: (filter: CallFilter) => void;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly pickingRange: boolean;
  readonly onPickRange: (open: boolean) => void;
  readonly onFacets: () => void;
}

export function CallsToolbar(props: CallsToolbarProps) {
  const { filter, facets, onChange, search, pickingRange, onPickRange, onFacets } = props;
  return (
    <div className="flex flex-wrap items-start gap-2 border-b bg-surface px-3 py-2 sm:flex-nowrap sm:px-4">
      <SearchBox filter={filter} facets={facets} onChange={onChange} input={search} />
      <div className="flex w-full gap-2 sm:w-auto">
        <Button
          icon="filter"
          className={filter.call === undefined ? "xl:hidden" : "2xl:hidden"}
          onClick={onFacets}
        >
          Filters
        </Button>
        <RangePicker
          filter={filter}
          onChange={onChange}
          open={pickingRange}
          onOpenChange={onPickRange}
        />
      </div>
    </div>
  );
}
