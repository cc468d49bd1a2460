/**
 * Everything about one call: what it was and how it ended on top, then views of it, one at a time. Beside the list
 * and on a page of its own.
 */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { WireCall } from "../../src/api/wire.ts";
import { duration } from "../time.ts";
import { Badge, StatusMark } from "../ui/badge.tsx";
import { Failure } from "../ui/failure.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { type Tab, Tabs } from "../ui/tabs.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { BodyView } from "./body-view.tsx";
import { CallActions } from "./call-actions.tsx";
import { callQuery } from "./call-query.ts";
import { HeadersView } from "./headers-view.tsx";
import { MessagesView } from "./messages-view.tsx";
import { NeighbourBar } from "./neighbour-bar.tsx";
import { outcomeOf } from "./outcome.ts";
import { Overview } from "./overview.tsx";
import { TimingView } from "./timing-view.tsx";

export interface CallViewProps {
  readonly callId: string;
  /** Shows another call in the same place. */
  readonly onOpen: (id: string) => void;
  /** What stands before the title and after the actions. */
  readonly lead?: ReactNode;
  readonly trail?: ReactNode;
  /** Begins with the question whether to send it again. */
  readonly replaying?: boolean;
}

type View = "overview" | "request" | "response" | "headers" | "timing" | "messages" | "raw";

/** The view last chosen, so that going from call to call compares the same of them. */
let lastView: View = "overview";

export function CallView({ callId, onOpen, lead, trail, replaying = false }: CallViewProps) {
  const [view, setView] = useState<View>(lastView);
  const { data: call, error, refetch } = useQuery(callQuery(callId));
  const show = (next: View) => {
    lastView = next;
    setView(next);
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <header className="flex min-h-12 shrink-0 items-center gap-2 border-b px-3 py-1.5">
        {lead}
        {call ? <Title call={call} /> : <span className="flex-1 text-muted">Call</span>}
        {call && <CallActions call={call} replaying={replaying} />}
        {trail}
      </header>
      {error && (
        <Failure title="The call cannot be shown" cause={error} retry={() => void refetch()} />
      )}
      {!error && !call && <SkeletonLines label="Loading the call" />}
      {call && (
        <>
          <NeighbourBar call={call} onOpen={onOpen} />
          <Tabs
            label="Views of the call"
            value={view}
            onChange={show}
            tabs={viewsOf(call)}
            className="flex-1"
            panelClassName="flex flex-col"
          />
        </>
      )}
    </div>
  );
}

function viewsOf(call: WireCall): readonly Tab<View>[] {
  return [
    { value: "overview", label: "Overview", content: <Overview call={call} /> },
    { value: "request", label: "Request", content: <BodyView call={call} side="request" /> },
    { value: "response", label: "Response", content: <BodyView call={call} side="response" /> },
    { value: "headers", label: "Headers", content: <HeadersView call={call} /> },
    { value: "timing", label: "Timing", content: <TimingView call={call} /> },
    { value: "messages", label: "Messages", content: <MessagesView call={call} /> },
    { value: "raw", label: "Raw", content: <RawView call={call} /> },
  ];
}

function RawView({ call }: { call: WireCall }) {
  return (
    <>
      <BodyView call={call} side="request" formatted={false} />
      <BodyView call={call} side="response" formatted={false} />
    </>
  );
}

function Title({ call }: { call: WireCall }) {
  const { method, tool_name: tool, direction } = call;
  const { tone, title } = outcomeOf(call);
  return (
    <div className="min-w-0 flex-1">
      <div className="flex min-w-0 items-center gap-2">
        <StatusMark status={call.status} />
        <h2 className="min-w-0 truncate text-lg font-semibold">
          <SafeText maxLength={200}>{tool === "" ? method : tool}</SafeText>
        </h2>
        <Badge tone={tone}>{title}</Badge>
      </div>
      <p className="flex min-w-0 gap-2 truncate text-sm text-muted">
        {tool !== "" && (
          <SafeText maxLength={100} className="font-mono">
            {method}
          </SafeText>
        )}
        {direction === "server" && <span>asked by the server</span>}
        <span>{duration(call.duration_ms)}</span>
        <TimeText at={call.created_at} />
      </p>
    </div>
  );
}
