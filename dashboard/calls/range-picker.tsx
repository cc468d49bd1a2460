/** Which time is shown: presets, what is typed, two ends; in the zone that is preferred. */
import { type FormEvent, useState } from "react";
import { prefer, usePreferences } from "../preferences.ts";
import { minuteTime } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { TextField } from "../ui/field.tsx";
import { Popover } from "../ui/popover.tsx";
import { type CallFilter, type Range, rangeOf, withRange } from "./call-filter.ts";
import { parseTime, parseWindow, writeTime } from "./range-text.ts";

export interface RangePickerProps {
  readonly filter: CallFilter;
  readonly onChange: (filter: CallFilter) => void;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

const labels: Readonly<Record<Range, string>> = {
  "15m": "Last 15 minutes",
  "1h": "Last hour",
  "6h": "Last 6 hours",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  all: "All time",
};

export function RangePicker({ filter, onChange, open, onOpenChange }: RangePickerProps) {
  const { zone } = usePreferences();
  const range = rangeOf(filter);
  const choose = (next: CallFilter) => {
    onOpenChange(false);
    onChange(next);
  };
  return (
    <Popover
      title="Time range"
      align="end"
      open={open}
      onOpenChange={onOpenChange}
      trigger={
        <Button icon="clock" className="max-w-full min-w-0">
          <span className="truncate">{range ? labels[range] : windowText(filter, zone)}</span>
        </Button>
      }
    >
      <div className="flex w-[26rem] max-w-full flex-col gap-4 sm:flex-row">
        <div className="flex flex-row flex-wrap gap-0.5 sm:w-36 sm:shrink-0 sm:flex-col">
          {(Object.keys(labels) as Range[]).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === range}
              className={classNames(
                "h-7 rounded-md px-2 text-left hover:bg-hover",
                each === range && "bg-accent-soft font-medium text-accent",
              )}
              onClick={() => choose(withRange(filter, each))}
            >
              {labels[each]}
            </button>
          ))}
        </div>
        <WindowForm filter={filter} onChoose={choose} />
      </div>
    </Popover>
  );
}

function WindowForm({
  filter,
  onChoose,
}: {
  filter: CallFilter;
  onChoose: (filter: CallFilter) => void;
}) {
  const { zone } = usePreferences();
  const [typed, setTyped] = useState("");
  const [from, setFrom] = useState(() => written(filter.from, zone));
  const [to, setTo] = useState(() => written(filter.to, zone));
  const [problem, setProblem] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const window =
      typed.trim() === "" ? windowOf(from, to, zone) : parseWindow(typed, Date.now(), zone);
    if (window === undefined) {
      setProblem("Not a time: try 15m, yesterday or 2026-11-21 09:30.");
      return;
    }
    const { range: _range, from: _from, to: _to, ...rest } = filter;
    onChoose({
      ...rest,
      ...(window.fromMs !== undefined && { from: new Date(window.fromMs).toISOString() }),
      ...(window.toMs !== undefined && { to: new Date(window.toMs).toISOString() }),
    });
  };
  const zoneName = zone === "utc" ? "UTC" : "local time";
  return (
    <form className="flex min-w-0 flex-1 flex-col gap-3" onSubmit={submit}>
      <TextField
        label="Type it"
        placeholder="45m, 3h, yesterday, 2026-11-21"
        value={typed}
        error={problem}
        onChange={(event) => setTyped(event.target.value)}
      />
      <TextField
        label={`From (${zoneName})`}
        placeholder="2026-11-21 09:30"
        value={from}
        onChange={(event) => setFrom(event.target.value)}
      />
      <TextField
        label={`To, exclusive (${zoneName})`}
        placeholder="now"
        value={to}
        onChange={(event) => setTo(event.target.value)}
      />
      <div className="flex items-center justify-between gap-2">
        <Button
          size="sm"
          variant="quiet"
          onClick={() => {
            const next = zone === "utc" ? "local" : "utc";
            prefer({ zone: next });
            setFrom(rewritten(from, zone, next));
            setTo(rewritten(to, zone, next));
          }}
        >
          Use {zone === "utc" ? "local time" : "UTC"}
        </Button>
        <Button variant="primary" type="submit" size="sm">
          Show
        </Button>
      </div>
    </form>
  );
}

type Zone = "utc" | "local";

function windowOf(from: string, to: string, zone: Zone) {
  const fromMs = from.trim() === "" ? undefined : parseTime(from, zone);
  const toMs = to.trim() === "" ? undefined : parseTime(to, zone);
  const wrong =
    (from.trim() !== "" && fromMs === undefined) || (to.trim() !== "" && toMs === undefined);
  const empty = fromMs === undefined && toMs === undefined;
  const reversed = fromMs !== undefined && toMs !== undefined && toMs <= fromMs;
  return wrong || empty || reversed ? undefined : { fromMs, toMs };
}

function windowText({ from, to }: CallFilter, zone: Zone): string {
  const text = (time: string) => minuteTime(Date.parse(time), zone);
  if (from !== undefined && to !== undefined) return `${safely(text, from)} – ${safely(text, to)}`;
  return from === undefined ? `Until ${safely(text, to ?? "")}` : `Since ${safely(text, from)}`;
}

/** The address may hold anything for a time; the API tells what is wrong with it. */
function safely(text: (time: string) => string, time: string): string {
  return Number.isNaN(Date.parse(time)) ? time.slice(0, 20) : text(time);
}

function written(time: string | undefined, zone: Zone): string {
  const atMs = Date.parse(time ?? "");
  return Number.isNaN(atMs) ? "" : writeTime(atMs, zone);
}

function rewritten(text: string, from: Zone, to: Zone): string {
  const atMs = parseTime(text, from);
  return atMs === undefined ? text : writeTime(atMs, to);
}
