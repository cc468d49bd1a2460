/** The sessions of the team, newest first. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { linked } from "../call/overview.tsx";
import { useServersById } from "../servers/servers-query.ts";
import { countText } from "../time.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { sessionCountsQuery, sessionsQuery } from "./session-query.ts";

const route = getRouteApi("/shell/sessions");

export function SessionsScreen() {
  const search = route.useSearch();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    sessionsQuery(search),
  );
  const servers = useServersById();
  const greetings = data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <PageHeader title="Sessions" />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {error && (
          <Failure
            title="The sessions cannot be shown"
            cause={error}
            retry={() => void refetch()}
          />
        )}
        {!error && !data && <SkeletonLines label="Loading sessions" />}
        {data && greetings.length === 0 && <NoSessions />}
        {greetings.length > 0 && (
          <Table
            label="Sessions"
            rows={greetings}
            rowKey={({ id }) => id}
            columns={[
              {
                title: "Agent",
                cell: ({ session_id, client_name, client_version }) => (
                  <Link
                    to="/sessions/$sessionId"
                    params={{ sessionId: session_id ?? "" }}
                    className={`font-medium ${linked}`}
                  >
                    <SafeText maxLength={100} empty="Unnamed client">
                      {client_name}
                    </SafeText>{" "}
                    <SafeText maxLength={40} className="font-normal text-muted">
                      {client_version}
                    </SafeText>
                  </Link>
                ),
              },
              {
                title: "Server",
                wideOnly: true,
                cell: ({ mcp_server_id: id }) => (
                  <SafeText maxLength={100}>{servers.get(id)?.name ?? id}</SafeText>
                ),
              },
              {
                title: "Session",
                wideOnly: true,
                cell: ({ session_id }) => (
                  <code className="font-mono text-sm text-muted">{session_id?.slice(0, 12)}</code>
                ),
              },
              {
                title: "Calls",
                align: "right",
                cell: ({ session_id }) => <Counts sessionId={session_id ?? ""} />,
              },
              {
                title: "Started",
                align: "right",
                cell: ({ created_at }) => <TimeText at={created_at} />,
              },
            ]}
          />
        )}
        {hasNextPage && (
          <div className="flex justify-center p-4">
            <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Older sessions
            </Button>
          </div>
        )}
      </div>
    </>
  );
}

function Counts({ sessionId }: { sessionId: string }) {
  const { data } = useQuery(sessionCountsQuery(sessionId));
  if (!data) return <span className="text-faint">…</span>;
  return (
    <span className="inline-flex items-center gap-2">
      {data.failed > 0 && <Badge tone="error">{countText(data.failed)} failed</Badge>}
      {countText(data.calls)}
    </span>
  );
}

function NoSessions() {
  return (
    <EmptyState icon="sessions" title="No sessions yet">
      <p>
        A session begins when an agent shakes hands with a server. Agents of MCP 2026-07-28 have
        none: each of their requests stands alone, in the{" "}
        <Link to="/calls" search={{}} className={linked}>
          list of calls
        </Link>
        .
      </p>
    </EmptyState>
  );
}
