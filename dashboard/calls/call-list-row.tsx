/** One call in the list: a line on wide screens, two on narrow ones. */
import { type MouseEvent, memo, type ReactNode } from "react";
import { type CallColumn, usePreferences } from "../preferences.ts";
import { byteSize, clockTime, duration, shortDate } from "../time.ts";
import { StatusMark } from "../ui/badge.tsx";
import { classNames } from "../ui/class-names.ts";
import { Icon } from "../ui/icon.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { visibleText } from "../visible-text.ts";
import { Cell } from "./call-list-cell.tsx";
import type { CallRow } from "./call-row.ts";
import { cellClasses, gridClass } from "./columns.ts";
import { MarkedText } from "./marked-text.tsx";

/** The same for all rows and from one render to the next. */
export interface RowActions {
  readonly open: (id: string) => void;
  readonly showMenu: (row: CallRow, anchor: HTMLElement) => void;
}

export interface CallListRowProps {
  readonly row: CallRow;
  /** Its place in the list. */
  readonly at: number;
  readonly topPx: number;
  readonly heightPx: number;
  /** Two on narrow screens and beside an open call. */
  readonly lines: 1 | 2;
  readonly chosen: boolean;
  readonly marked: boolean;
  readonly server: string | undefined;
  readonly words: readonly string[];
  /** Those that were chosen. */
  readonly columns: readonly CallColumn[];
  readonly actions: RowActions;
}

export const CallListRow = memo(function CallListRow(props: CallListRowProps) {
  const { row, at, topPx, heightPx, lines, chosen, marked, server, columns, actions } = props;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus; this is its active descendant
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the grid does the same
    // biome-ignore lint/a11y/useSemanticElements: rows of a table cannot be placed freely
    <div
      id={`call-${row.id}`}
      role="row"
      aria-rowindex={at + 1}
      aria-selected={chosen}
      style={{ height: heightPx, transform: `translateY(${topPx}px)` }}
      className={classNames(
        gridClass,
        "group absolute inset-x-0 top-0 cursor-pointer border-b border-line/60 hover:bg-hover",
        chosen && "bg-accent-soft hover:bg-accent-soft",
        marked && "shadow-[inset_2px_0_0_var(--accent)]",
        isFresh(row) && "animate-arrive",
      )}
      onClick={() => actions.open(row.id)}
    >
      <Cell className="flex">
        <StatusMark status={row.status} />
      </Cell>
      {lines === 1 && (
        <Cell className="truncate text-sm text-muted">
          <StartTime atMs={row.createdAtMs} />
        </Cell>
      )}
      <NameCell row={row} server={server} lines={lines} />
      {lines === 1 &&
        columns.map((column) => (
          <Cell key={column} className={chosenClasses[column]}>
            {contentOf(column, props)}
          </Cell>
        ))}
      <Cell className="flex flex-col items-end text-right text-sm whitespace-nowrap">
        <span className={slowness(row.duration_ms)}>{duration(row.duration_ms)}</span>
        {lines === 2 && (
          <span className="text-xs text-muted">
            <StartTime atMs={row.createdAtMs} />
          </span>
        )}
      </Cell>
      {lines === 1 && <MenuCell row={row} actions={actions} />}
    </div>
  );
});

function NameCell({ row, server, lines }: Pick<CallListRowProps, "row" | "server" | "lines">) {
  const { method, tool_name: tool, kind, direction } = row;
  return (
    <Cell className="min-w-0">
      <div className="flex min-w-0 items-baseline gap-2">
        {direction === "server" && (
          <span className="shrink-0 self-center text-accent" title="Asked by the server">
            <Icon name="arrowLeft" className="size-3" />
            <span className="sr-only">Asked by the server</span>
          </span>
        )}
        <a
          href={`/calls/${row.id}`}
          tabIndex={-1}
          className={classNames("truncate", tool === "" ? "font-mono text-sm" : "font-medium")}
          onClick={followAside}
        >
          <SafeText maxLength={200}>{nameOf(row)}</SafeText>
        </a>
        {lines === 1 && (
          <span className="min-w-0 shrink-[9] truncate font-mono text-xs text-faint">
            {tool !== "" && <SafeText maxLength={80}>{method}</SafeText>}
            {kind === "http" && "not JSON-RPC"}
          </span>
        )}
      </div>
      {lines === 2 && (
        <div className="truncate text-sm text-muted">
          <Subtitle row={row} server={server} />
        </div>
      )}
    </Cell>
  );
}

const chosenClasses = Object.fromEntries(
  Object.entries(cellClasses).map(([column, classes]) => [column, `${classes} text-sm text-muted`]),
) as Readonly<Record<CallColumn, string>>;

function contentOf(column: CallColumn, { row, server, words }: CallListRowProps): ReactNode {
  switch (column) {
    case "details":
      return <Note row={row} words={words} />;
    case "server":
      return <SafeText maxLength={120}>{server}</SafeText>;
    case "client":
      return <SafeText maxLength={120}>{row.client_name}</SafeText>;
    case "session":
      return <span className="font-mono text-xs">{row.session_id?.slice(0, 8)}</span>;
    case "http":
      return row.status_code === 0 ? "–" : row.status_code;
    case "size":
      return byteSize(row.bytes);
  }
}

function MenuCell({ row, actions }: Pick<CallListRowProps, "row" | "actions">) {
  return (
    <Cell>
      <button
        type="button"
        tabIndex={-1}
        aria-label={`Filter by what ${visibleText(nameOf(row)).slice(0, 80)} has`}
        className="flex size-6 items-center justify-center rounded-md text-muted opacity-0 group-hover:opacity-100 hover:bg-pressed hover:text-text focus-visible:opacity-100"
        onClick={(event) => {
          event.stopPropagation();
          actions.showMenu(row, event.currentTarget);
        }}
      >
        <Icon name="more" />
      </button>
    </Cell>
  );
}

/** With a key held down the browser opens the call aside, by its address; without, the row does it here. */
function followAside(event: MouseEvent): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey) event.stopPropagation();
  else event.preventDefault();
}

/** The second line on narrow screens: what failed, or where it went. */
function Subtitle({ row, server }: { row: CallRow; server: string | undefined }) {
  if (row.note !== "") return <SafeText maxLength={160}>{row.note}</SafeText>;
  return (
    <SafeText maxLength={160}>{[server, row.client_name].filter(Boolean).join(" · ")}</SafeText>
  );
}

function Note({ row, words }: { row: CallRow; words: readonly string[] }) {
  if (row.note === "") return row.result_type === "input_required" ? "Asks for input" : null;
  const failed = row.status !== "success" && words.length === 0;
  return (
    <span
      className={classNames(failed && (row.status === "error" ? "text-error" : "text-timeout"))}
    >
      <MarkedText words={words}>{row.note}</MarkedText>
    </span>
  );
}

function StartTime({ atMs }: { atMs: number }) {
  const { zone } = usePreferences();
  const today = shortDate(Date.now(), zone) === shortDate(atMs, zone);
  const clock = clockTime(atMs, zone);
  return (
    <time dateTime={new Date(atMs).toISOString()}>
      {today ? clock : `${shortDate(atMs, zone)} ${clock.slice(0, 5)}`}
    </time>
  );
}

/** Rows that are scrolled back into view do not flash again. */
function isFresh({ arrivedMs }: CallRow): boolean {
  return arrivedMs !== undefined && performance.now() - arrivedMs < 1_000;
}

function nameOf({ tool_name: tool, method }: CallRow): string {
  return tool === "" ? method : tool;
}

/** Slow calls stand out a little, without being errors. */
function slowness(ms: number): string {
  return ms >= 5_000 ? "text-timeout font-medium" : ms >= 1_000 ? "text-text" : "text-muted";
}
