/** Why the list is empty, and what to do about it: each cause its own sentence. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { serversQuery } from "../servers/servers-query.ts";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Spinner } from "../ui/spinner.tsx";
import { type CallFilter, cleared, isNarrow, rangeOf, withRange } from "./call-filter.ts";
import { Narrowest } from "./narrowest.tsx";

export interface NoCallsProps {
  readonly filter: CallFilter;
  readonly onChange: (filter: CallFilter) => void;
  readonly live: boolean;
}

export function NoCalls({ filter, onChange, live }: NoCallsProps) {
  const { data: servers } = useQuery(serversQuery);
  if (servers?.total === 0) {
    return (
      <EmptyState
        icon="servers"
        title="No server yet"
        actions={
          <Link to="/start" className="font-medium text-accent hover:underline">
            Add your first server
          </Link>
        }
      >
        Register an MCP server and put its proxy URL into your agent. Every call it makes is listed
        here.
      </EmptyState>
    );
  }
  const narrow = isNarrow(filter);
  const range = rangeOf(filter);
  return (
    <EmptyState
      icon={narrow ? "filter" : "calls"}
      title={narrow ? "No call fits these filters" : "No calls in this time"}
      actions={
        <>
          {narrow && <Narrowest filter={filter} onChange={onChange} />}
          {narrow && <Button onClick={() => onChange(cleared(filter))}>Clear filters</Button>}
          {range !== "all" && (
            <Button onClick={() => onChange(withRange(filter, "all"))}>Look at all time</Button>
          )}
        </>
      }
    >
      {live && (
        <p className="flex items-center justify-center gap-2">
          <Spinner className="size-3.5" /> Waiting for calls; they appear here as they end.
        </p>
      )}
      {!narrow && (
        <p>
          Calls are recorded when an agent uses the proxy URL of one of your{" "}
          <Link to="/servers" className="text-accent hover:underline">
            servers
          </Link>
          .
        </p>
      )}
    </EmptyState>
  );
}
