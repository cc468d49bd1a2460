/**
 * A series over time, drawn as shapes of the page: each bucket is a link to its calls, and its figures are in its name. The
 * same as a table beside it, for who cannot or would not look at a chart.
 */
import { Link } from "@tanstack/react-router";
import { type ReactNode, useId, useState } from "react";
import type { CallFilter } from "../calls/call-filter.ts";
import { usePreferences } from "../preferences.ts";
import { minuteTime, shortDate } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { axisOf, roundMax } from "./scale.ts";

export interface Series {
  readonly name: string;
  /** Classes that colour it: as a shape, and beside its name. */
  readonly fill: string;
  readonly values: readonly (number | null)[];
}

export interface SeriesChartProps {
  readonly title: string;
  /** `bars`: on top of each other. `lines`: each by itself. */
  readonly form: "bars" | "lines";
  readonly series: readonly Series[];
  /** Starts of the buckets, epoch milliseconds. */
  readonly starts: readonly number[];
  readonly bucketMs: number;
  readonly text: (value: number) => string;
  /** The list that a bucket leads to. */
  readonly filterOf: (fromMs: number, toMs: number) => CallFilter;
}

const height = 160;

export function SeriesChart(props: SeriesChartProps) {
  const { title, series } = props;
  const [asTable, setAsTable] = useState(false);
  return (
    <Card
      title={title}
      actions={
        <>
          <ul className="flex flex-wrap gap-3 text-sm text-muted" aria-label="Legend">
            {series.map(({ name, fill }) => (
              <li key={name} className="flex items-center gap-1.5">
                <svg viewBox="0 0 8 8" className={`size-2 ${fill}`} aria-hidden="true">
                  <rect width="8" height="8" rx="2" fill="currentColor" />
                </svg>
                {name}
              </li>
            ))}
          </ul>
          <Button
            size="sm"
            variant="quiet"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? "Chart" : "Table"}
          </Button>
        </>
      }
    >
      {asTable ? <SeriesTable {...props} /> : <Plot {...props} />}
    </Card>
  );
}

function Plot(props: SeriesChartProps) {
  const { form, series, starts, text } = props;
  const label = useId();
  const max = roundMax(maxOf(series, form));
  return (
    <figure className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2" aria-labelledby={label}>
      <figcaption id={label} className="sr-only">
        {props.title} over time. Each bucket leads to its calls; the table has the same figures.
      </figcaption>
      <div
        className="flex flex-col-reverse justify-between text-right text-xs text-muted"
        aria-hidden="true"
      >
        {axisOf(max).map((value) => (
          <span key={value} className="-my-2 block h-4">
            {text(value)}
          </span>
        ))}
      </div>
      <div className="relative" style={{ height }}>
        <svg
          viewBox={`0 0 ${starts.length} ${height}`}
          preserveAspectRatio="none"
          className="absolute inset-0 h-full w-full overflow-visible"
          aria-hidden="true"
        >
          {axisOf(max).map((value) => {
            const y = height - (value / max) * height;
            return (
              <line
                key={value}
                x1="0"
                x2={starts.length}
                y1={y}
                y2={y}
                className="stroke-line"
                vectorEffect="non-scaling-stroke"
              />
            );
          })}
          {form === "bars" ? (
            <Bars series={series} max={max} />
          ) : (
            <Lines series={series} max={max} />
          )}
        </svg>
        <BucketLinks {...props} />
      </div>
      <StartLabels starts={starts} bucketMs={props.bucketMs} />
    </figure>
  );
}

/** Six at most where there is room, three on narrow screens; none that would be cut at the end. */
function StartLabels({ starts, bucketMs }: Pick<SeriesChartProps, "starts" | "bucketMs">) {
  const { zone } = usePreferences();
  const short = bucketMs >= 86_400_000 ? shortDate : minuteTime;
  const step = Math.max(1, Math.ceil(starts.length / 6));
  const fits = (at: number, by: number) => at % by === 0 && at + by * 0.8 <= starts.length;
  return (
    <div className="col-start-2 mt-2 flex text-xs text-muted" aria-hidden="true">
      {starts.map((start, at) => (
        <span key={start} className="h-4 min-w-0 flex-1 overflow-visible whitespace-nowrap">
          {fits(at, step) && (
            <span className={fits(at, step * 2) ? "" : "hidden sm:inline"}>
              {short(start, zone)}
            </span>
          )}
        </span>
      ))}
    </div>
  );
}

function Bars({ series, max }: { series: readonly Series[]; max: number }) {
  const floor = new Map<number, number>();
  return series.map(({ name, fill, values }) => (
    <g key={name} className={fill} fill="currentColor">
      {values.map((value, at) => {
        if (!value) return null;
        const below = floor.get(at) ?? 0;
        floor.set(at, below + value);
        const size = (value / max) * height;
        const y = height - ((below + value) / max) * height;
        // biome-ignore lint/suspicious/noArrayIndexKey: buckets keep their place
        return <rect key={at} x={at + 0.12} width={0.76} y={y} height={Math.max(size, 1)} />;
      })}
    </g>
  ));
}

function Lines({ series, max }: { series: readonly Series[]; max: number }) {
  return series.map(({ name, fill, values }) => (
    <g key={name} className={fill}>
      <path
        d={pathOf(values, max)}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.75"
        strokeLinecap="round"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </g>
  ));
}

/** A break where there is no value; a lone one is drawn as a short line. */
function pathOf(values: readonly (number | null)[], max: number): string {
  return values
    .map((value, at) => {
      if (value === null) return "";
      const y = height - (value / max) * height;
      const joins = at > 0 && values[at - 1] !== null;
      const lone = !joins && (values[at + 1] ?? null) === null;
      return lone ? `M${at + 0.3} ${y}H${at + 0.7}` : `${joins ? "L" : "M"}${at + 0.5} ${y}`;
    })
    .join("");
}

function BucketLinks({ series, starts, bucketMs, text, filterOf }: SeriesChartProps) {
  const { zone } = usePreferences();
  return (
    <ul className="absolute inset-0 flex" aria-label="Buckets">
      {starts.map((start, at) => {
        const figures = series.map(({ name, values }) => `${name} ${figureOf(values[at], text)}`);
        const said = `${minuteTime(start, zone)}: ${figures.join(", ")}`;
        return (
          <li key={start} className="min-w-0 flex-1">
            <Link
              to="/calls"
              search={filterOf(start, start + bucketMs)}
              aria-label={said}
              title={said.replaceAll(", ", "\n").replace(": ", "\n")}
              className="block h-full hover:bg-hover"
            />
          </li>
        );
      })}
    </ul>
  );
}

function SeriesTable({ title, series, starts, bucketMs, text, filterOf }: SeriesChartProps) {
  const { zone } = usePreferences();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <div className="max-h-64 overflow-auto" tabIndex={0}>
      <table className="w-full border-collapse text-left" aria-label={title}>
        <thead>
          <tr className="border-b text-sm text-muted">
            <Head>Start</Head>
            {series.map(({ name }) => (
              <Head key={name}>{name}</Head>
            ))}
          </tr>
        </thead>
        <tbody>
          {starts.map((start, at) => (
            <tr key={start} className="border-b last:border-0">
              <th scope="row" className="py-1 font-normal">
                <Link
                  to="/calls"
                  search={filterOf(start, start + bucketMs)}
                  className="text-accent hover:underline"
                >
                  {minuteTime(start, zone)}
                </Link>
              </th>
              {series.map(({ name, values }) => (
                <td key={name} className="py-1">
                  {figureOf(values[at], text)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ children }: { children: ReactNode }) {
  return (
    <th scope="col" className="py-1 font-medium">
      {children}
    </th>
  );
}

function figureOf(value: number | null | undefined, text: (value: number) => string): string {
  return value === null || value === undefined ? "–" : text(value);
}

function maxOf(series: readonly Series[], form: SeriesChartProps["form"]): number {
  const length = series[0]?.values.length ?? 0;
  let max = 0;
  for (let at = 0; at < length; at += 1) {
    const values = series.map(({ values }) => values[at] ?? 0);
    max = Math.max(max, form === "bars" ? values.reduce((a, b) => a + b, 0) : Math.max(...values));
  }
  return max;
}
