/** One session over time: each call a bar, what the server asked meanwhile below it. Zooms by buttons, keys and dragging. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { linked } from "../call/overview.tsx";
import { useServersById } from "../servers/servers-query.ts";
import { useShortcuts } from "../shortcuts.ts";
import { countText, duration } from "../time.ts";
import { IconButton } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { Notice } from "../ui/notice.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SidePanel } from "../ui/side-panel.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { callsMax, sessionCallsQuery } from "./session-query.ts";
import type { SessionSearch } from "./sessions-search.ts";
import { moved, type Span, type Timeline, toTimeline, zoomed } from "./timeline.ts";
import { TimelineChart } from "./timeline-chart.tsx";

const route = getRouteApi("/shell/sessions/$sessionId");
const CallPanel = lazy(() =>
  import("../call/call-panel.tsx").then((module) => ({ default: module.CallPanel })),
);

export function SessionScreen() {
  const { sessionId } = route.useParams();
  const { call: openId } = route.useSearch();
  const { data, error, refetch } = useQuery(sessionCallsQuery(sessionId));
  const timeline = useMemo(() => (data ? toTimeline(data.calls) : undefined), [data]);
  const change = useChange();
  const step = (by: 1 | -1) => {
    const ids = timeline?.bars.map(({ call }) => call.id) ?? [];
    const at = openId === undefined ? (by === 1 ? -1 : ids.length) : ids.indexOf(openId);
    const next = ids[at + by];
    if (next !== undefined) change({ call: next });
  };
  const close = () => change({ call: undefined });
  useShortcuts("Session", [
    { key: "j", label: "Next call", run: () => step(1) },
    { key: "k", label: "Previous call", run: () => step(-1) },
    { key: "Escape", label: "Close the call", run: close },
  ]);
  return (
    <div className="flex min-h-0 flex-1">
      <div className="flex min-w-0 flex-1 flex-col">
        <PageHeader
          title="Session"
          tabTitle={`Session ${sessionId.slice(0, 8)}`}
          note={<code className="font-mono text-sm">{sessionId.slice(0, 12)}</code>}
          actions={
            <Link to="/calls" search={{ session_id: [sessionId], range: "all" }} className={linked}>
              In the list
            </Link>
          }
        />
        {error && (
          <Failure title="The session cannot be shown" cause={error} retry={() => void refetch()} />
        )}
        {!error && !timeline && <SkeletonLines label="Loading the session" />}
        {timeline?.bars.length === 0 && (
          <EmptyState icon="sessions" title="No calls of this session">
            They were deleted, or are older than what is kept.
          </EmptyState>
        )}
        {timeline !== undefined && timeline.bars.length > 0 && (
          <Session timeline={timeline} cut={data?.cut === true} />
        )}
      </div>
      {openId !== undefined && (
        <SidePanel label="Call" onClose={close}>
          <Suspense fallback={<SkeletonLines label="Loading the call" />}>
            <CallPanel callId={openId} onClose={close} onStep={step} />
          </Suspense>
        </SidePanel>
      )}
    </div>
  );
}

function useChange() {
  const navigate = useNavigate();
  return (changes: SessionSearch) =>
    void navigate({
      to: ".",
      search: (search: object) => ({ ...search, ...changes }),
      replace: true,
    });
}

function Session({ timeline, cut }: { timeline: Timeline; cut: boolean }) {
  const { from, to, call: openId } = route.useSearch();
  const change = useChange();
  const { lengthMs } = timeline;
  const span: Span =
    from === undefined || to === undefined
      ? { fromMs: 0, toMs: lengthMs }
      : { fromMs: Math.max(0, from), toMs: Math.min(to, lengthMs) };
  const whole = span.fromMs <= 0 && span.toMs >= lengthMs;
  const show = ({ fromMs, toMs }: Span) =>
    fromMs <= 0 && toMs >= lengthMs
      ? change({ from: undefined, to: undefined })
      : change({
          from: Math.round(fromMs),
          to: Math.max(Math.round(toMs), Math.round(fromMs) + 1),
        });
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b px-4 py-2">
        <Summary timeline={timeline} />
        <div className="ml-auto flex items-center gap-0.5">
          <IconButton
            icon="chevronLeft"
            size="sm"
            label="Earlier"
            disabled={span.fromMs <= 0}
            onClick={() => show(moved(span, -0.5, lengthMs))}
          />
          <IconButton
            icon="plus"
            size="sm"
            label="Zoom in"
            onClick={() => show(zoomed(span, 0.5, lengthMs))}
          />
          <IconButton
            icon="minus"
            size="sm"
            label="Zoom out"
            disabled={whole}
            onClick={() => show(zoomed(span, 2, lengthMs))}
          />
          <IconButton
            icon="chevronRight"
            size="sm"
            label="Later"
            disabled={span.toMs >= lengthMs}
            onClick={() => show(moved(span, 0.5, lengthMs))}
          />
          <IconButton
            icon="replay"
            size="sm"
            label="Show all of it"
            disabled={whole}
            onClick={() => show({ fromMs: 0, toMs: lengthMs })}
          />
        </div>
      </div>
      {cut && (
        <Notice kind="hint" className="m-3 mb-0">
          The newest {countText(callsMax)} calls of the session. Older ones are in the list.
        </Notice>
      )}
      <TimelineChart
        timeline={timeline}
        span={span}
        openId={openId}
        onOpen={(call) => change({ call })}
        onSpan={show}
      />
    </>
  );
}

function Summary({ timeline }: { timeline: Timeline }) {
  const servers = useServersById();
  const { bars, startMs, lengthMs } = timeline;
  const first = bars[0]?.call;
  const named = bars.find(({ call }) => call.client_name !== null)?.call;
  // As the list of sessions counts: the connections that carried them are shown and not counted.
  const counted = bars.filter(({ call }) => call.kind !== "http");
  const failed = counted.filter(({ call }) => call.status !== "success").length;
  const server = first && servers.get(first.mcp_server_id);
  return (
    <>
      <span className="min-w-0 font-medium">
        <SafeText maxLength={100} empty="Unnamed client">
          {named?.client_name}
        </SafeText>{" "}
        {server && (
          <span className="font-normal text-muted">
            with <SafeText maxLength={100}>{server.name}</SafeText>
          </span>
        )}
      </span>
      <span className="text-muted">
        {countText(counted.length)} calls{failed > 0 && `, ${countText(failed)} failed`},{" "}
        {duration(lengthMs)}
      </span>
      <TimeText at={new Date(startMs).toISOString()} form="full" className="text-muted" />
    </>
  );
}
