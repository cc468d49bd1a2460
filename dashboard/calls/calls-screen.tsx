/** The calls of the team, newest first, as they come: search, facets, volume, list, and one call beside it. */
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useLive } from "../live-value.ts";
import { useServersById } from "../servers/servers-query.ts";
import { countText } from "../time.ts";
import { Failure } from "../ui/failure.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { SidePanel } from "../ui/side-panel.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import type { CallFeed } from "./call-feed.ts";
import { type CallFilter, isOpen } from "./call-filter.ts";
import { CallList } from "./call-list.tsx";
import { type CallRow, searchedWords } from "./call-row.ts";
import { CallsToolbar } from "./calls-toolbar.tsx";
import { DisplayMenu } from "./display-menu.tsx";
import { ExportMenu } from "./export-menu.tsx";
import { FacetPane } from "./facet-pane.tsx";
import { useFacets } from "./facets-query.ts";
import { LiveButton } from "./live-button.tsx";
import { LossNotice } from "./loss-notice.tsx";
import { NoCalls } from "./no-calls.tsx";
import { RowMenu } from "./row-menu.tsx";
import { SavedViews } from "./saved-views.tsx";
import { useCallFeed } from "./use-call-feed.ts";
import { useCallFilter } from "./use-call-filter.ts";
import { useCallKeys } from "./use-call-keys.ts";
import { VolumePane } from "./volume-pane.tsx";
import { useVolume } from "./volume-query.ts";

const CallPanel = lazy(() =>
  import("../call/call-panel.tsx").then((module) => ({ default: module.CallPanel })),
);

/** While calls come, their volume is asked for again so often. */
const volumeRefreshMs = 5_000;

export function CallsScreen() {
  const { filter, setFilter } = useCallFilter();
  const [live, setLive] = useState(true);
  const [turn, setTurn] = useState(0);
  const feed = useCallFeed(filter, live, turn);
  if (!feed) return null;
  return (
    <Calls
      feed={feed}
      filter={filter}
      setFilter={setFilter}
      live={live}
      onLive={setLive}
      onReload={() => setTurn(turn + 1)}
    />
  );
}

interface CallsProps {
  readonly feed: CallFeed;
  readonly filter: CallFilter;
  readonly setFilter: ReturnType<typeof useCallFilter>["setFilter"];
  readonly live: boolean;
  readonly onLive: (live: boolean) => void;
  readonly onReload: () => void;
}

function Calls({ feed, filter, setFilter, live, onLive, onReload }: CallsProps) {
  const state = useLive(feed.state);
  const search = useRef<HTMLInputElement>(null);
  const [pickingRange, setPickingRange] = useState(false);
  const [showingFacets, setShowingFacets] = useState(false);
  const open = isOpen(filter, Date.now());
  // Counting costs more than a page of the list, so the list comes first.
  const listed = state.loading !== "first";
  const following = live && open && state.live === "on";
  const volume = useVolume(filter, listed, following ? volumeRefreshMs : undefined);
  const counts = useFacets(filter, listed);
  const chooseRange = useCallback(
    (next: CallFilter) => setFilter({ ...next, ...(filter.call && { call: filter.call }) }),
    [setFilter, filter.call],
  );
  const { cursor, marked, step, close, openCall } = useCallKeys({
    feed,
    filter,
    setFilter,
    search,
    onLive: () => onLive(!live),
    onRange: () => setPickingRange(true),
    onFacets: () => setShowingFacets(true),
  });
  return (
    <>
      <PageHeader
        title="Calls"
        tabTitle={filter.q ? `${filter.q} · Calls` : "Calls"}
        note={volume.data && `${countText(volume.data.total_calls)}`}
        actions={
          <>
            <SavedViews filter={filter} onChange={setFilter} />
            <DisplayMenu />
            <ExportMenu filter={filter} />
            <LiveButton
              wanted={live}
              state={state.live}
              problem={state.liveProblem?.message}
              closed={!open}
              onToggle={() => onLive(!live)}
            />
          </>
        }
      />
      <CallsToolbar
        filter={filter}
        facets={counts.facets}
        onChange={chooseRange}
        search={search}
        pickingRange={pickingRange}
        onPickRange={setPickingRange}
        onFacets={() => setShowingFacets(true)}
      />
      <div className="flex min-h-0 flex-1">
        <FacetPane
          filter={filter}
          {...counts}
          squeezed={filter.call !== undefined}
          onChange={chooseRange}
          open={showingFacets}
          onOpenChange={setShowingFacets}
        />
        <div className="flex min-w-0 flex-1 flex-col">
          <LossNotice filter={filter} enabled={listed} />
          <VolumePane filter={filter} volume={volume} onChange={chooseRange} />
          <ListPane
            feed={feed}
            filter={filter}
            chosen={filter.call ?? cursor}
            marked={marked}
            live={following}
            onChange={chooseRange}
            onOpen={openCall}
            onReload={onReload}
          />
        </div>
        {filter.call !== undefined && (
          <SidePanel label="Call" onClose={close}>
            <Suspense fallback={<SkeletonLines label="Loading the call" />}>
              <CallPanel callId={filter.call} onClose={close} onStep={step} />
            </Suspense>
          </SidePanel>
        )}
      </div>
    </>
  );
}

interface ListPaneProps {
  readonly feed: CallFeed;
  readonly filter: CallFilter;
  readonly chosen: string | undefined;
  readonly marked: string | undefined;
  readonly live: boolean;
  readonly onChange: (filter: CallFilter) => void;
  readonly onOpen: (id: string) => void;
  readonly onReload: () => void;
}

function ListPane(props: ListPaneProps) {
  const { feed, filter, chosen, marked, live, onChange, onOpen, onReload } = props;
  const { rows, loading, problem, hasOlder } = useLive(feed.state);
  const serversById = useServersById();
  const words = useMemo(() => searchedWords(filter.q), [filter.q]);
  const [menu, setMenu] = useState<{ row: CallRow; anchor: HTMLElement }>();
  const actions = useMemo(
    () => ({
      open: onOpen,
      showMenu: (row: CallRow, anchor: HTMLElement) => setMenu({ row, anchor }),
    }),
    [onOpen],
  );
  if (rows.length === 0 && problem) {
    return <Failure title="The calls cannot be shown" cause={problem} retry={onReload} />;
  }
  if (rows.length === 0 && loading) return <SkeletonLines lines={14} label="Loading calls" />;
  if (rows.length === 0 && !hasOlder) {
    return (
      <div className="min-h-0 flex-1 overflow-y-auto">
        <NoCalls filter={filter} onChange={onChange} live={live} />
      </div>
    );
  }
  return (
    <>
      <CallList
        feed={feed}
        chosen={chosen}
        marked={marked}
        serversById={serversById}
        words={words}
        actions={actions}
      />
      {menu && (
        <RowMenu {...menu} filter={filter} onChange={onChange} onClose={() => setMenu(undefined)} />
      )}
    </>
  );
}
