/** The way to the calls before and after: of the same session, and of the same tool or method. */
import { useQuery } from "@tanstack/react-query";
import type { WireCall } from "../../src/api/wire.ts";
import type { Query } from "../api.ts";
import { IconButton } from "../ui/button.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { alikeOf, neighboursQuery } from "./neighbours.ts";

export interface NeighbourBarProps {
  readonly call: WireCall;
  readonly onOpen: (id: string) => void;
}

export function NeighbourBar({ call, onOpen }: NeighbourBarProps) {
  const { session_id: session, tool_name: tool, method } = call;
  const alike = alikeOf(call);
  return (
    <nav
      aria-label="Neighbouring calls"
      className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b bg-sunken px-3 py-1 text-sm text-muted"
    >
      {session !== null && (
        <Steps call={call} shared={{ session_id: session }} what="of this session" onOpen={onOpen}>
          Session
        </Steps>
      )}
      <Steps
        call={call}
        shared={alike}
        what={tool === "" ? "of this method" : "of this tool"}
        onOpen={onOpen}
      >
        <SafeText maxLength={60}>{tool === "" ? method : tool}</SafeText>
      </Steps>
    </nav>
  );
}

interface StepsProps extends NeighbourBarProps {
  readonly shared: Query;
  /** "of this session" */
  readonly what: string;
  readonly children: React.ReactNode;
}

function Steps({ call, shared, what, onOpen, children }: StepsProps) {
  const { data } = useQuery(neighboursQuery(call, shared));
  const { previous, next } = data ?? {};
  return (
    <span className="flex min-w-0 items-center gap-0.5">
      <IconButton
        icon="chevronLeft"
        size="sm"
        label={`Previous call ${what}`}
        disabled={previous === undefined}
        onClick={() => previous !== undefined && onOpen(previous)}
      />
      <span className="min-w-0 truncate">{children}</span>
      <IconButton
        icon="chevronRight"
        size="sm"
        label={`Next call ${what}`}
        disabled={next === undefined}
        onClick={() => next !== undefined && onOpen(next)}
      />
    </span>
  );
}
