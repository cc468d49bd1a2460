/** The filter in the address, and how to change it. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { CallFilter } from "./call-filter.ts";

const route = getRouteApi("/shell/calls");

export interface FilterInAddress {
  readonly filter: CallFilter;
  /** A new entry of the history, so that Back undoes it; `replace` for what is not worth one. */
  readonly setFilter: (next: CallFilter, how?: { replace?: boolean }) => void;
}

export function useCallFilter(): FilterInAddress {
  const filter = route.useSearch();
  const navigate = useNavigate();
  const setFilter = useCallback(
    (next: CallFilter, { replace = false } = {}) =>
      void navigate({ to: "/calls", search: next, replace }),
    [navigate],
  );
  return { filter, setFilter };
}
