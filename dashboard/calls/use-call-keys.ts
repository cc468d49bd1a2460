/** The keys of the list, and what they move: a cursor, the call that is open, the one that is marked. */
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, useCallback, useState } from "react";
import type { WireCall } from "../../src/api/wire.ts";
import { call } from "../api.ts";
import { useCommands } from "../commands.ts";
import { queryClient } from "../query-client.ts";
import { stringifySearch } from "../search-params.ts";
import { serversQuery } from "../servers/servers-query.ts";
import { useShortcuts } from "../shortcuts.ts";
import { copyText } from "../ui/copy-button.tsx";
import { toast, toastProblem } from "../ui/toast.tsx";
import type { CallFeed } from "./call-feed.ts";
import { type CallFilter, rangeOf, spanOf, withWindow } from "./call-filter.ts";
import type { FilterInAddress } from "./use-call-filter.ts";

export interface CallKeysOptions extends FilterInAddress {
  readonly feed: CallFeed;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly onLive: () => void;
  readonly onRange: () => void;
  readonly onFacets: () => void;
}

export function useCallKeys(options: CallKeysOptions) {
  const { feed, filter, setFilter, search, onLive, onRange, onFacets } = options;
  const navigate = useNavigate();
  const [cursor, setCursor] = useState<string>();
  const [marked, setMarked] = useState<string>();
  const chosen = filter.call ?? cursor;
  // From one call to the next is one place of the history, opening and closing are two.
  const openCall = useCallback(
    (id: string) => setFilter({ ...filter, call: id }, { replace: filter.call !== undefined }),
    [filter, setFilter],
  );
  const close = useCallback(() => {
    const { call: open, ...rest } = filter;
    setCursor(open);
    setFilter(rest);
  }, [filter, setFilter]);
  const step = (by: 1 | -1) => {
    const { rows } = feed.state.get();
    const at = rows.findIndex(({ id }) => id === chosen);
    const next = rows[at === -1 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (!next) return;
    if (filter.call === undefined) setCursor(next.id);
    else openCall(next.id);
  };
  const compare = () => {
    if (chosen === undefined) return;
    if (marked === undefined || marked === chosen) {
      setMarked(marked === chosen ? undefined : chosen);
      if (marked !== chosen) toast("Marked to compare", "Press D on another call.");
    } else void navigate({ to: "/compare", search: { a: marked, b: chosen } });
  };
  const withChosen = (run: (id: string) => void) => () => {
    if (chosen !== undefined) run(chosen);
  };
  useShortcuts("Calls", [
    { key: "/", label: "Search", run: () => search.current?.focus() },
    { key: "j", label: "Next call", run: () => step(1) },
    { key: "k", label: "Previous call", run: () => step(-1) },
    { key: "ArrowDown", label: "Next call", hidden: true, run: () => step(1) },
    { key: "ArrowUp", label: "Previous call", hidden: true, run: () => step(-1) },
    { key: "Enter", label: "Open the call", run: withChosen(openCall) },
    { key: "Escape", label: "Close the call", run: () => filter.call !== undefined && close() },
    { key: "l", label: "Pause or follow live", run: onLive },
    { key: "c", label: "Copy as cURL", run: withChosen((id) => void copyCurl(id)) },
    {
      key: "r",
      label: "Replay the call",
      run: withChosen(
        (callId) =>
          void navigate({ to: "/calls/$callId", params: { callId }, search: { replay: true } }),
      ),
    },
    { key: "d", label: "Mark, then compare with another", run: compare },
    { key: "m", label: "Filter by what the call has", run: withChosen(openMenu) },
    { key: "t", label: "Choose the time range", run: onRange },
    { key: "f", label: "Choose filters", run: onFacets },
  ]);
  useCommands([
    { group: "Calls", title: "Search calls", run: () => search.current?.focus() },
    { group: "Calls", title: "Pause or follow live", run: onLive },
    { group: "Calls", title: "Choose the time range", run: onRange },
    {
      group: "Calls",
      title: "Copy link to this view",
      run: () => void copyText(absoluteAddress(filter)).then(() => toast("Link copied")),
    },
  ]);
  return { cursor, marked, step, close, openCall };
}

async function copyCurl(id: string): Promise<void> {
  try {
    const [{ toCurl }, one, servers] = await Promise.all([
      import("../call/curl.ts"),
      call<WireCall>(`/mcp/calls/${id}`),
      queryClient.ensureQueryData(serversQuery),
    ]);
    await copyText(
      toCurl(
        one,
        servers.data.find((server) => server.id === one.mcp_server_id),
      ),
    );
    toast("Copied as cURL");
  } catch (cause) {
    toastProblem("Nothing was copied", cause);
  }
}

/** The row's own button does it, where the list has room for one. */
function openMenu(id: string): void {
  document.getElementById(`call-${id}`)?.querySelector("button")?.click();
}

/** With absolute times, so that who gets it sees the same calls. */
function absoluteAddress(filter: CallFilter): string {
  const span = spanOf(filter);
  const fixed =
    span === undefined || rangeOf(filter) === undefined
      ? filter
      : withWindow(filter, Date.now() - span, Date.now());
  return `${window.location.origin}/calls${stringifySearch(fixed)}`;
}
