/**
 * How many calls began when, stacked by how they ended. Dragging over it, or arrows with Shift and Enter,
 * chooses a time; the same as a table for who cannot see it.
 *
 * Bars are elements, at most some 90 of them, so that both themes and any size come by themselves.
 */
import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import type { WireCallHistogram } from "../../src/api/wire.ts";
import { usePreferences } from "../preferences.ts";
import { clockTime, countText, minuteTime, shortCount } from "../time.ts";
import { classNames } from "../ui/class-names.ts";
import { VolumeTable } from "./volume-table.tsx";

export interface VolumeChartProps {
  readonly volume: WireCallHistogram;
  readonly onWindow: (fromMs: number, toMs: number) => void;
  /** Twice the time that is shown. */
  readonly onZoomOut: () => void;
  /** Older figures are shown while newer ones are on their way. */
  readonly stale: boolean;
}

/** Two places among the buckets, in the order in which they were chosen. */
interface Selection {
  readonly anchor: number;
  readonly focus: number;
}

export function VolumeChart({ volume, onWindow, onZoomOut, stale }: VolumeChartProps) {
  const { series, bucket_ms: bucketMs } = volume;
  const plot = useRef<HTMLDivElement>(null);
  const [selection, setSelection] = useState<Selection>();
  const [dragging, setDragging] = useState(false);
  const most = Math.max(...series.map(({ total_calls }) => total_calls), 1);
  const placeOf = ({ clientX }: { clientX: number }) => {
    const { left, width } = plot.current?.getBoundingClientRect() ?? { left: 0, width: 1 };
    return clamp(Math.floor(((clientX - left) / width) * series.length), series.length);
  };
  const choose = ({ anchor, focus }: Selection) => {
    const [first, last] = [series[Math.min(anchor, focus)], series[Math.max(anchor, focus)]];
    setSelection(undefined);
    if (first && last) onWindow(Date.parse(first.start), Date.parse(last.start) + bucketMs);
  };
  const onPointer = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setDragging(true);
      setSelection({ anchor: placeOf(event), focus: placeOf(event) });
    },
    onPointerMove: (event: PointerEvent) => {
      const focus = placeOf(event);
      setSelection((chosen) => ({ anchor: dragging && chosen ? chosen.anchor : focus, focus }));
    },
    onPointerUp: (event: PointerEvent) => {
      setDragging(false);
      if (selection && placeOf(event) !== selection.anchor) choose(selection);
    },
    onPointerCancel: () => setDragging(false),
    onPointerLeave: () => !dragging && setSelection(undefined),
    onDoubleClick: onZoomOut,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = selection?.focus ?? series.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined) {
      const focus = selection ? clamp(at + step, series.length) : at;
      setSelection({ anchor: event.shiftKey && selection ? selection.anchor : focus, focus });
    } else if (event.key === "Enter" && selection) choose(selection);
    else if (event.key === "Escape" && selection) setSelection(undefined);
    else if (event.key === "-") onZoomOut();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <figure className="relative pt-2 pr-3 pb-1 pl-12 sm:pr-4 sm:pl-14">
      <figcaption className="sr-only">Calls over time, by status</figcaption>
      <div
        ref={plot}
        role="slider"
        aria-label="Time window: arrow keys move, with Shift select, Enter zooms in, minus zooms out"
        aria-valuemin={0}
        aria-valuemax={series.length - 1}
        aria-valuenow={selection?.focus ?? series.length - 1}
        aria-valuetext={useSpoken(volume, selection)}
        tabIndex={0}
        className={classNames(
          "relative flex h-14 cursor-crosshair touch-none items-end gap-px select-none",
          stale && "opacity-60",
        )}
        onKeyDown={onKeyDown}
        onBlur={() => setSelection(undefined)}
        {...onPointer}
      >
        {series.map((bucket, at) => (
          <Bar key={bucket.start} bucket={bucket} most={most} chosen={isChosen(selection, at)} />
        ))}
      </div>
      <Axis volume={volume} most={most} />
      {selection && <Readout volume={volume} selection={selection} />}
      <VolumeTable volume={volume} onWindow={onWindow} />
    </figure>
  );
}

type Bucket = WireCallHistogram["series"][number];

function Bar({ bucket, most, chosen }: { bucket: Bucket; most: number; chosen: boolean }) {
  const part = (count: number) => `${(count / most) * 100}%`;
  return (
    <div
      className={classNames(
        "flex h-full min-w-0 flex-1 flex-col justify-end rounded-t-[1px]",
        chosen && "bg-accent/20",
      )}
    >
      {bucket.timeout_count > 0 && (
        <div className="min-h-0.5 bg-timeout-mark" style={{ height: part(bucket.timeout_count) }} />
      )}
      {bucket.error_count > 0 && (
        <div className="min-h-0.5 bg-error-mark" style={{ height: part(bucket.error_count) }} />
      )}
      {bucket.success_count > 0 && (
        <div className="min-h-px bg-success-mark" style={{ height: part(bucket.success_count) }} />
      )}
    </div>
  );
}

/** Beginning, middle and end of what is shown; the tallest bar. */
function Axis({ volume, most }: { volume: WireCallHistogram; most: number }) {
  const { zone } = usePreferences();
  const [fromMs, toMs] = [Date.parse(volume.from), Date.parse(volume.to)];
  const label = (atMs: number) => axisLabel(atMs, toMs - fromMs, zone);
  return (
    <div
      aria-hidden="true"
      className="flex justify-between border-t border-line-strong/60 pt-0.5 text-xs text-muted"
    >
      <span>{label(fromMs)}</span>
      <span className="hidden sm:inline">{label((fromMs + toMs) / 2)}</span>
      <span>{label(toMs)}</span>
      <span className="absolute top-1 left-0 w-10 text-right sm:w-12">{shortCount(most)}</span>
      <span className="absolute top-12 left-0 w-10 text-right sm:w-12">0</span>
    </div>
  );
}

function Readout({ volume, selection }: { volume: WireCallHistogram; selection: Selection }) {
  const { zone } = usePreferences();
  const { fromMs, toMs, chosen } = window(volume, selection);
  const middle = (selection.anchor + selection.focus + 1) / 2 / volume.series.length;
  const sum = (count: (bucket: Bucket) => number) =>
    chosen.reduce((total, bucket) => total + count(bucket), 0);
  const [errors, timeouts] = [sum((one) => one.error_count), sum((one) => one.timeout_count)];
  const span = Date.parse(volume.to) - Date.parse(volume.from);
  return (
    <div
      aria-hidden="true"
      className="pointer-events-none absolute top-full z-20 -mt-4 -translate-x-1/2 rounded-md bg-raised px-2 py-1 text-sm whitespace-nowrap shadow-pop"
      style={{ left: `clamp(9rem, calc(3rem + ${middle} * (100% - 4rem)), calc(100% - 9rem))` }}
    >
      <span className="text-muted">
        {axisLabel(fromMs, span, zone)} – {axisLabel(toMs, span, zone)}
      </span>{" "}
      <b className="font-semibold">{countText(sum((one) => one.total_calls))}</b>
      {errors > 0 && <span className="ml-2 text-error">{countText(errors)} failed</span>}
      {timeouts > 0 && <span className="ml-2 text-timeout">{countText(timeouts)} timed out</span>}
    </div>
  );
}

function useSpoken(volume: WireCallHistogram, selection: Selection | undefined): string {
  const { zone } = usePreferences();
  if (!selection) return `${countText(volume.total_calls)} calls in all`;
  const { fromMs, toMs, chosen } = window(volume, selection);
  const total = chosen.reduce((sum, { total_calls }) => sum + total_calls, 0);
  return `${minuteTime(fromMs, zone)} to ${minuteTime(toMs, zone)}: ${countText(total)} calls`;
}

function window({ series, bucket_ms: bucketMs }: WireCallHistogram, { anchor, focus }: Selection) {
  const chosen = series.slice(Math.min(anchor, focus), Math.max(anchor, focus) + 1);
  const fromMs = Date.parse(chosen[0]?.start ?? "");
  return { chosen, fromMs, toMs: fromMs + chosen.length * bucketMs };
}

function axisLabel(atMs: number, spanMs: number, zone: "utc" | "local"): string {
  if (spanMs > 90_000_000) return minuteTime(atMs, zone);
  const clock = clockTime(atMs, zone);
  return spanMs > 600_000 ? clock.slice(0, 5) : clock.slice(0, 8);
}

function isChosen(selection: Selection | undefined, at: number): boolean {
  if (!selection) return false;
  const { anchor, focus } = selection;
  return at >= Math.min(anchor, focus) && at <= Math.max(anchor, focus);
}

function clamp(at: number, length: number): number {
  return Math.min(Math.max(at, 0), length - 1);
}
