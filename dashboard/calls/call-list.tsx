/**
 * The list of calls: only the rows in view exist, whatever their number.
 *
 * A grid for screen readers, with one stop for Tab; the chosen row is the grid's active descendant. Scrolling
 * away from the top holds back what comes, so that rows stand still.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type UIEvent, useCallback, useEffect, useRef } from "react";
import type { WireServer } from "../../src/api/wire-servers.ts";
import { useLive } from "../live-value.ts";
import { usePreferences } from "../preferences.ts";
import { countText } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Spinner } from "../ui/spinner.tsx";
import type { CallFeed, FeedState } from "./call-feed.ts";
import { CallListHead } from "./call-list-head.tsx";
import { CallListRow, type RowActions } from "./call-list-row.tsx";
import type { CallRow } from "./call-row.ts";
import { gridTracks } from "./columns.ts";
import { useRowShape } from "./row-shape.ts";

export interface CallListProps {
  readonly feed: CallFeed;
  readonly chosen: string | undefined;
  /** Marked to be compared with another. */
  readonly marked: string | undefined;
  readonly serversById: ReadonlyMap<string, WireServer>;
  readonly words: readonly string[];
  readonly actions: RowActions;
}

/** As far from the top as still counts as being there. */
const topPx = 8;
/** Older calls are asked for when so many rows are left below. */
const aheadRows = 60;

export function CallList(props: CallListProps) {
  const { feed, chosen, marked, serversById, words, actions } = props;
  const state = useLive(feed.state);
  const { rows } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const { density, callColumns } = usePreferences();
  const { heightPx: rowHeightPx, lines } = useRowShape(scroller, density);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    overscan: 12,
    getItemKey: (at) => rows[at]?.id ?? at,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are measured anew when their height changes
  useEffect(() => virtualizer.measure(), [virtualizer, rowHeightPx]);
  const chosenAt = useChosen(rows, chosen, (at) => virtualizer.scrollToIndex(at));
  const shown = virtualizer.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  const { hasOlder, loading, problem } = state;
  useEffect(() => {
    if (hasOlder && !loading && !problem && lastShown > rows.length - aheadRows) {
      void feed.loadOlder();
    }
  }, [feed, hasOlder, loading, problem, lastShown, rows.length]);
  const onScroll = useCallback(
    (event: UIEvent<HTMLDivElement>) => feed.setHolding(event.currentTarget.scrollTop > topPx),
    [feed],
  );
  const toTop = () => {
    scroller.current?.scrollTo({ top: 0 });
    feed.setHolding(false);
  };
  return (
    <div
      className="@container relative flex min-h-0 min-w-0 flex-1 flex-col"
      style={gridTracks(callColumns)}
    >
      <CallListHead columns={callColumns} />
      {/* biome-ignore lint/a11y/useSemanticElements: rows of a table cannot be placed freely */}
      <div
        ref={scroller}
        role="grid"
        aria-label="Calls"
        aria-rowcount={hasOlder ? -1 : rows.length}
        aria-activedescendant={chosenAt === -1 ? undefined : `call-${chosen}`}
        tabIndex={0}
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain bg-surface outline-offset-[-2px] [scrollbar-gutter:stable]"
        onScroll={onScroll}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div
          role="rowgroup"
          className="relative w-full"
          style={{ height: virtualizer.getTotalSize() }}
        >
          {shown.map(({ index, start, key }) => {
            const row = rows[index];
            if (!row) return null;
            return (
              <CallListRow
                key={key}
                row={row}
                at={index}
                topPx={start}
                heightPx={rowHeightPx}
                lines={lines}
                chosen={row.id === chosen}
                marked={row.id === marked}
                server={serversById.get(row.mcp_server_id)?.name}
                words={words}
                columns={callColumns}
                actions={actions}
              />
            );
          })}
        </div>
        <ListEnd state={state} onRetry={() => void feed.loadOlder()} />
      </div>
      <Held count={state.held} onShow={toTop} />
    </div>
  );
}

/** Where the chosen call is, -1 when it is not in the list; brings it into view when it becomes chosen. */
function useChosen(
  rows: readonly CallRow[],
  chosen: string | undefined,
  show: (at: number) => void,
): number {
  const at = chosen === undefined ? -1 : rows.findIndex(({ id }) => id === chosen);
  const shown = useRef<string>(undefined);
  useEffect(() => {
    if (at === -1 || shown.current === chosen) return;
    shown.current = chosen;
    show(at);
  });
  return at;
}

function Held({ count, onShow }: { count: number; onShow: () => void }) {
  return (
    <div
      role="status"
      className="pointer-events-none absolute inset-x-0 top-10 flex justify-center"
    >
      {count > 0 && (
        <Button
          variant="primary"
          size="sm"
          icon="arrowUp"
          className="pointer-events-auto rounded-full shadow-pop"
          onClick={onShow}
        >
          {countText(count)} new
        </Button>
      )}
    </div>
  );
}

function ListEnd({ state, onRetry }: { state: FeedState; onRetry: () => void }) {
  const { loading, problem, hasOlder, rows } = state;
  if (problem && rows.length > 0) {
    return (
      <Notice
        kind="error"
        className="m-3"
        action={
          <Button size="sm" onClick={onRetry}>
            Try again
          </Button>
        }
      >
        Older calls cannot be shown: {problem.message}
      </Notice>
    );
  }
  if (rows.length === 0) return null;
  return (
    <div className="flex h-10 items-center justify-center gap-2 text-sm text-muted">
      {loading === "older" && (
        <>
          <Spinner className="size-3.5" /> Loading older calls
        </>
      )}
      {!loading && !hasOlder && "These are all."}
      {!loading &&
        hasOlder &&
        `${countText(rows.length)} calls are shown; narrow the filter for older ones.`}
    </div>
  );
}
