/**
 * The bars of a timeline, a row each, virtualised: names on the left, time to the right.
 *
 * Dragging over the scale zooms to what was dragged over. Each bar is a button; the table of the same is the list of calls.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type PointerEvent, useRef, useState } from "react";
import { duration } from "../time.ts";
import { StatusMark } from "../ui/badge.tsx";
import { classNames } from "../ui/class-names.ts";
import { SafeText } from "../ui/safe-text.tsx";
import { visibleText } from "../visible-text.ts";
import { type Bar, type Span, type Timeline, ticksOf } from "./timeline.ts";

export interface TimelineChartProps {
  readonly timeline: Timeline;
  readonly span: Span;
  readonly openId: string | undefined;
  readonly onOpen: (id: string) => void;
  readonly onSpan: (span: Span) => void;
}

const rowHeightPx = 30;
const dragMinPx = 6;
/** A label beyond would be cut at the end of the scale; percent. */
const labelMaxShare = 94;
const columns = "grid grid-cols-[9.5rem_minmax(0,1fr)] sm:grid-cols-[16rem_minmax(0,1fr)]";
const colours = { success: "bg-success-mark", error: "bg-error-mark", timeout: "bg-timeout-mark" };

export function TimelineChart({ timeline, span, openId, onOpen, onSpan }: TimelineChartProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { bars } = timeline;
  const rows = useVirtualizer({
    count: bars.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    overscan: 12,
  });
  return (
    <>
      <Scale span={span} onSpan={onSpan} />
      <section
        ref={scroller}
        className="min-h-0 flex-1 overflow-y-auto"
        aria-label="Calls over time"
      >
        <ol className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const bar = bars[index];
            return (
              bar && (
                <BarRow
                  key={bar.call.id}
                  bar={bar}
                  span={span}
                  topPx={start}
                  open={bar.call.id === openId}
                  onOpen={onOpen}
                />
              )
            );
          })}
        </ol>
      </section>
    </>
  );
}

interface BarRowProps {
  readonly bar: Bar;
  readonly span: Span;
  readonly topPx: number;
  readonly open: boolean;
  readonly onOpen: (id: string) => void;
}

function BarRow({ bar, span, topPx, open, onOpen }: BarRowProps) {
  const { call, depth, fromMs, toMs } = bar;
  const name = call.tool_name === "" ? call.method : call.tool_name;
  const left = shareOf(fromMs, span);
  const right = shareOf(toMs, span);
  const seen = right >= 0 && left <= 100;
  const place = besideBar(left, right);
  return (
    <li className="absolute inset-x-0" style={{ top: topPx, height: rowHeightPx }}>
      <button
        type="button"
        aria-pressed={open}
        aria-label={`${visibleText(name).slice(0, 100)}, ${call.status}, ${duration(call.duration_ms)}, after ${duration(fromMs)}`}
        className={classNames(
          columns,
          "h-full w-full items-center border-b border-line/60 text-left hover:bg-hover",
          open && "bg-accent-soft hover:bg-accent-soft",
        )}
        onClick={() => onOpen(call.id)}
      >
        <span
          className="flex min-w-0 items-center gap-2 pr-2"
          style={{ paddingLeft: `${12 + depth * 14}px` }}
        >
          <StatusMark status={call.status} />
          <span
            className={classNames(
              "min-w-0 truncate",
              call.tool_name === "" ? "font-mono text-sm" : "font-medium",
            )}
          >
            <SafeText maxLength={100}>{name}</SafeText>
          </span>
        </span>
        <span className="relative h-full overflow-hidden border-l border-line/60">
          {seen && (
            <>
              <span
                className={classNames(
                  "absolute top-2 bottom-2 min-w-[3px] rounded-sm",
                  colours[call.status],
                )}
                style={{
                  left: `${Math.max(left, 0)}%`,
                  width: `${Math.min(right, 100) - Math.max(left, 0)}%`,
                }}
              />
              {place !== undefined && (
                <span
                  className="absolute inset-y-0 flex items-center px-1.5 text-xs whitespace-nowrap text-muted"
                  style={place}
                >
                  {duration(call.duration_ms)}
                </span>
              )}
            </>
          )}
        </span>
      </button>
    </li>
  );
}

/** Where the duration stands: after the bar, or before it where there is room; nowhere when it fills its row. */
function besideBar(left: number, right: number): CSSProperties | undefined {
  if (right < 80) return { left: `${Math.max(right, 0)}%` };
  return left > 20 ? { right: `${Math.min(100 - left, 100)}%` } : undefined;
}

function Scale({ span, onSpan }: { span: Span; onSpan: (span: Span) => void }) {
  const [drag, setDrag] = useState<{ readonly fromPx: number; readonly toPx: number }>();
  const place = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - box.left, 0), box.width);
  };
  const end = (event: PointerEvent<HTMLElement>) => {
    const { width } = event.currentTarget.getBoundingClientRect();
    if (drag && Math.abs(drag.toPx - drag.fromPx) >= dragMinPx) {
      const at = (px: number) => span.fromMs + (px / width) * (span.toMs - span.fromMs);
      onSpan({
        fromMs: at(Math.min(drag.fromPx, drag.toPx)),
        toMs: at(Math.max(drag.fromPx, drag.toPx)),
      });
    }
    setDrag(undefined);
  };
  return (
    <div
      className={`${columns} h-7 shrink-0 border-b bg-canvas text-xs text-muted [scrollbar-gutter:stable]`}
    >
      <span className="flex items-center px-3 font-medium">Call</span>
      <div
        className="relative cursor-ew-resize touch-none overflow-hidden border-l select-none"
        title="Drag to zoom"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ fromPx: place(event), toPx: place(event) });
        }}
        onPointerMove={(event) => drag && setDrag({ ...drag, toPx: place(event) })}
        onPointerUp={end}
        onPointerCancel={() => setDrag(undefined)}
      >
        {ticksOf(span, 5).map((tick) => (
          <span
            key={tick}
            className="absolute inset-y-0 flex items-center border-l border-line-strong pl-1 whitespace-nowrap"
            style={{ left: `${shareOf(tick, span)}%` }}
          >
            {shareOf(tick, span) <= labelMaxShare && duration(tick)}
          </span>
        ))}
        {drag && (
          <span
            className="absolute inset-y-0 bg-accent/30"
            style={{
              left: Math.min(drag.fromPx, drag.toPx),
              width: Math.abs(drag.toPx - drag.fromPx),
            }}
          />
        )}
      </div>
    </div>
  );
}

function shareOf(atMs: number, { fromMs, toMs }: Span): number {
  return ((atMs - fromMs) / Math.max(toMs - fromMs, 1)) * 100;
}
