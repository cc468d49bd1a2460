/** Calls measured by what they have in common: a row each, each leading to its calls. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { WireCallMetrics } from "../../src/api/wire.ts";
import type { CallFilter } from "../calls/call-filter.ts";
import { countText, duration, percent } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { classNames } from "../ui/class-names.ts";
import { SafeText } from "../ui/safe-text.tsx";

export type Statistics = Omit<WireCallMetrics["by_tool"][number], "tool_name">;

export interface BreakdownRow extends Statistics {
  readonly key: string;
  readonly name: string;
  readonly filter: CallFilter;
}

export interface BreakdownProps {
  readonly title: string;
  /** "Tool" */
  readonly what: string;
  readonly rows: readonly BreakdownRow[];
}

const shownAtFirst = 8;
const shownMax = 200;

export function Breakdown({ title, what, rows }: BreakdownProps) {
  const [all, setAll] = useState(false);
  const shown = rows.slice(0, all ? shownMax : shownAtFirst);
  const most = Math.max(1, ...rows.map(({ total_calls }) => total_calls));
  return (
    <Card title={title} flush>
      {rows.length === 0 ? (
        <p className="p-4 text-muted">None in this span.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        <section className="overflow-x-auto" aria-label={title} tabIndex={0}>
          <table className="w-full border-collapse text-left" aria-label={title}>
            <thead>
              <tr className="border-b text-sm text-muted">
                <th scope="col" className="h-8 px-4 font-medium">
                  {what}
                </th>
                <Figure>Calls</Figure>
                <Figure>Errors</Figure>
                <Figure>p50</Figure>
                <Figure>p95</Figure>
                <Figure className="hidden sm:table-cell">p99</Figure>
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <Row key={row.key} row={row} most={most} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {rows.length > shown.length && !all && (
        <div className="border-t p-2 text-center">
          <Button size="sm" variant="quiet" onClick={() => setAll(true)}>
            Show all {countText(Math.min(rows.length, shownMax))}
          </Button>
        </div>
      )}
    </Card>
  );
}

function Row({ row, most }: { row: BreakdownRow; most: number }) {
  const failed = row.error_count + row.timeout_count;
  return (
    <tr className="border-b last:border-0 hover:bg-hover">
      <th scope="row" className="relative h-9 max-w-0 w-1/2 px-4 font-normal">
        <span
          aria-hidden="true"
          className="absolute inset-y-1 left-2 rounded-sm bg-accent-soft"
          style={{ width: `calc(${(row.total_calls / most) * 100}% - 1rem)` }}
        />
        <Link to="/calls" search={row.filter} className="relative block truncate hover:underline">
          <SafeText maxLength={120} empty="Unnamed">
            {row.name}
          </SafeText>
        </Link>
      </th>
      <td className="px-3 text-right">{countText(row.total_calls)}</td>
      <td className="px-3 text-right">
        {failed === 0 ? (
          <span className="text-faint">–</span>
        ) : (
          <Link
            to="/calls"
            search={{ ...row.filter, status: ["error", "timeout"] }}
            className="text-error hover:underline"
          >
            {percent(failed / row.total_calls)}
          </Link>
        )}
      </td>
      <td className="px-3 text-right whitespace-nowrap">{time(row.p50_duration_ms)}</td>
      <td className="px-3 text-right whitespace-nowrap">{time(row.p95_duration_ms)}</td>
      <td className="hidden px-3 text-right whitespace-nowrap sm:table-cell">
        {time(row.p99_duration_ms)}
      </td>
    </tr>
  );
}

function Figure({ children, className }: { children: string; className?: string }) {
  return (
    <th scope="col" className={classNames("h-8 px-3 text-right font-medium", className)}>
      {children}
    </th>
  );
}

function time(ms: number | null): string {
  return ms === null ? "–" : duration(ms);
}
