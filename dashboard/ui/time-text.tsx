/** When: relative or by the clock, the whole of it in the tooltip. */
import { useEffect, useState } from "react";
import { usePreferences } from "../preferences.ts";
import { clockTime, fullTime, relativeTime } from "../time.ts";

export interface TimeTextProps {
  /** ISO 8601. */
  readonly at: string;
  readonly form?: "relative" | "clock" | "full";
  readonly className?: string;
}

export function TimeText({ at, form = "relative", className }: TimeTextProps) {
  const { zone } = usePreferences();
  const atMs = Date.parse(at);
  const nowMs = useNow(form === "relative" ? 10_000 : undefined);
  const text =
    form === "relative"
      ? relativeTime(atMs, nowMs)
      : form === "clock"
        ? clockTime(atMs, zone)
        : fullTime(atMs, zone);
  return (
    <time dateTime={at} title={`${fullTime(atMs, zone)}\n${at}`} className={className}>
      {text}
    </time>
  );
}

/** The time, again every so often; once only without an interval. */
export function useNow(intervalMs: number | undefined): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (intervalMs === undefined) return;
    const timer = setInterval(() => setNowMs(Date.now()), intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
  return nowMs;
}
