/** Calls measured: how many, how well, how fast; over time, and by what they have in common. Every figure leads to its calls. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { WireCallMetrics } from "../../src/api/wire.ts";
import type { CallFilter } from "../calls/call-filter.ts";
import { useServersById } from "../servers/servers-query.ts";
import { countText, duration, percent, shortCount } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { Select } from "../ui/select.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { visibleText } from "../visible-text.ts";
import { Breakdown } from "./breakdown.tsx";
import { metricsQuery } from "./metrics-query.ts";
import { type MetricsSearch, type SpanName, spanNames } from "./metrics-search.ts";
import { SeriesChart } from "./series-chart.tsx";
import { TopErrors } from "./top-errors.tsx";

const route = getRouteApi("/shell/insights");
const spanLabels: Readonly<Record<SpanName, string>> = {
  "1d": "Last 24 hours",
  "3d": "Last 3 days",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
};

export function MetricsScreen() {
  const search = route.useSearch();
  const { data, error, refetch } = useQuery(metricsQuery(search));
  return (
    <>
      <PageHeader title="Metrics" actions={<Choices search={search} />} />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {error && (
          <Failure title="The metrics cannot be shown" cause={error} retry={() => void refetch()} />
        )}
        {!error && !data && <SkeletonLines label="Loading metrics" />}
        {data && data.total_calls === 0 && (
          <EmptyState icon="metrics" title="No calls in this span">
            Choose a longer one, or fewer conditions.
          </EmptyState>
        )}
        {data && data.total_calls > 0 && <Measured data={data} search={search} />}
      </div>
    </>
  );
}

function Choices({ search }: { search: MetricsSearch }) {
  const navigate = useNavigate();
  const servers = useServersById();
  const { span = "1d", server_id: server = "", tool_name: tool, method } = search;
  const change = (
    changes: { readonly [Name in keyof MetricsSearch]: MetricsSearch[Name] | undefined },
  ) =>
    void navigate({
      to: "/insights",
      search: { ...search, ...changes },
    });
  const named = tool ?? method;
  return (
    <>
      {named !== undefined && (
        <Button
          size="sm"
          icon="close"
          onClick={() => change({ tool_name: undefined, method: undefined })}
        >
          {visibleText(named).slice(0, 40)}
        </Button>
      )}
      <Select
        label="Server"
        value={server}
        className="max-w-40"
        onChange={(id) => change({ server_id: id === "" ? undefined : id })}
        options={[
          { value: "", label: "All servers" },
          ...[...servers.values()].map(({ id, name }) => ({
            value: id,
            label: visibleText(name).slice(0, 60),
          })),
        ]}
      />
      <Select
        label="Span"
        value={span}
        onChange={(next) => change({ span: next })}
        options={spanNames.map((value) => ({ value, label: spanLabels[value] }))}
      />
    </>
  );
}

function Measured({ data, search }: { data: WireCallMetrics; search: MetricsSearch }) {
  const filter = toFilter(data, search);
  return (
    <div className="mx-auto flex w-full max-w-7xl flex-col gap-4 p-4">
      <Totals data={data} filter={filter} />
      <Charts data={data} filter={filter} />
      <TopErrors search={search} filter={filter} />
      <div className="grid gap-4 xl:grid-cols-2">
        <Breakdown
          title="By tool"
          what="Tool"
          rows={data.by_tool.map(({ tool_name: name, ...rest }) => ({
            ...{ ...rest, key: name, name, filter: { ...filter, tool_name: [name] } },
          }))}
        />
        <Breakdown
          title="By server"
          what="Server"
          rows={data.by_server.map(({ server_id: key, name, ...rest }) => ({
            ...{ ...rest, key, name, filter: { ...filter, server_id: [key] } },
          }))}
        />
        <Breakdown
          title="By client"
          what="Client"
          rows={data.by_client.map(({ client_name: name, ...rest }) => ({
            ...{ ...rest, key: name ?? "", name: name ?? "" },
            filter: { ...filter, client_name: [name ?? ""] },
          }))}
        />
        <Breakdown
          title="By method"
          what="Method"
          rows={data.by_method.map(({ method: name, ...rest }) => ({
            ...{ ...rest, key: name, name, filter: { ...filter, method: [name] } },
          }))}
        />
      </div>
    </div>
  );
}

/** The list that shows what was measured. */
function toFilter(
  { from, to }: WireCallMetrics,
  { server_id, tool_name, method }: MetricsSearch,
): CallFilter {
  return {
    ...{ from, to },
    ...(server_id !== undefined && { server_id: [server_id] }),
    ...(tool_name !== undefined && { tool_name: [tool_name] }),
    ...(method !== undefined && { method: [method] }),
  };
}

function Totals({ data, filter }: { data: WireCallMetrics; filter: CallFilter }) {
  const failed = data.error_count + data.timeout_count;
  const slow = data.p95_duration_ms;
  const failing: CallFilter = { ...filter, status: ["error", "timeout"] };
  return (
    <dl className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-5">
      <Total name="Calls" filter={filter}>
        {shortCount(data.total_calls)}
      </Total>
      <Total name="Error rate" filter={failing} note={`${countText(failed)} failed`}>
        <span className={failed > 0 ? "text-error" : ""}>{percent(failed / data.total_calls)}</span>
      </Total>
      <Total name="p50" filter={filter}>
        {timeText(data.p50_duration_ms)}
      </Total>
      <Total
        name="p95"
        filter={slow === null ? filter : { ...filter, min_duration_ms: String(slow) }}
        note="the slowest 5 %"
      >
        {timeText(slow)}
      </Total>
      <Total
        name="p99"
        filter={
          data.p99_duration_ms === null
            ? filter
            : { ...filter, min_duration_ms: String(data.p99_duration_ms) }
        }
        note={`slowest ${timeText(data.max_duration_ms)}`}
      >
        {timeText(data.p99_duration_ms)}
      </Total>
    </dl>
  );
}

interface TotalProps {
  readonly name: string;
  readonly filter: CallFilter;
  readonly note?: string;
  readonly children: ReactNode;
}

function Total({ name, filter, note, children }: TotalProps) {
  return (
    <div className="rounded-lg border bg-surface">
      <dt className="px-4 pt-3 text-muted">{name}</dt>
      <dd className="px-4 pb-3">
        <Link
          to="/calls"
          search={filter}
          className="text-2xl font-semibold whitespace-nowrap hover:underline"
        >
          {children}
        </Link>
        {note !== undefined && (
          <span className="block text-sm whitespace-nowrap text-muted">{note}</span>
        )}
      </dd>
    </div>
  );
}

function Charts({ data, filter }: { data: WireCallMetrics; filter: CallFilter }) {
  const { series } = data;
  const starts = series.map(({ start }) => Date.parse(start));
  const bucketMs = data.days <= 3 ? 3_600_000 : 86_400_000;
  const filterOf = (fromMs: number, toMs: number): CallFilter => ({
    ...filter,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
  });
  const place = { starts, bucketMs, filterOf };
  return (
    <div className="grid gap-4 xl:grid-cols-2">
      <SeriesChart
        {...place}
        title="Calls"
        form="bars"
        text={shortCount}
        series={[
          {
            name: "Success",
            fill: "text-success-mark",
            values: series.map((each) => each.success_count),
          },
          {
            name: "Error",
            fill: "text-error-mark",
            values: series.map((each) => each.error_count),
          },
          {
            name: "Timeout",
            fill: "text-timeout-mark",
            values: series.map((each) => each.timeout_count),
          },
        ]}
      />
      <SeriesChart
        {...place}
        title="Duration"
        form="lines"
        text={duration}
        series={[
          { name: "p50", fill: "text-accent", values: series.map((each) => each.p50_duration_ms) },
          {
            name: "p95",
            fill: "text-timeout-mark",
            values: series.map((each) => each.p95_duration_ms),
          },
          {
            name: "p99",
            fill: "text-error-mark",
            values: series.map((each) => each.p99_duration_ms),
          },
        ]}
      />
    </div>
  );
}

function timeText(ms: number | null): string {
  return ms === null ? "–" : duration(ms);
}
