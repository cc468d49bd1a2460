/** Every server of the team. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { WireServer } from "../../src/api/wire-servers.ts";
import { useCan } from "../session.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { visibleText } from "../visible-text.ts";
import { captureLevelTexts } from "./server-form.tsx";
import { serversQuery } from "./servers-query.ts";

export function ServersScreen() {
  const { data, error, refetch } = useQuery(serversQuery);
  const navigate = useNavigate();
  const canAdd = useCan("servers:write");
  const add = canAdd && (
    <Button variant="primary" icon="plus" onClick={() => void navigate({ to: "/start" })}>
      Add server
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Servers"
        note={data && data.total > 0 ? String(data.total) : undefined}
        actions={add}
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {error && (
          <Failure title="The servers cannot be shown" cause={error} retry={() => void refetch()} />
        )}
        {!error && !data && <SkeletonLines label="Loading servers" />}
        {data?.total === 0 && (
          <EmptyState icon="servers" title="No server yet" actions={add}>
            A server is an MCP server that your agents use. HookWatch gives you a URL to put in
            place of its own, and records what passes.
          </EmptyState>
        )}
        {data && data.total > 0 && (
          <Table label="Servers" rows={data.data} columns={columns} rowKey={({ id }) => id} />
        )}
      </div>
    </>
  );
}

const columns: readonly Column<WireServer>[] = [
  {
    title: "Name",
    cell: ({ id, name, is_active }) => (
      <span className="flex items-center gap-2">
        <Link
          to="/servers/$serverId"
          params={{ serverId: id }}
          className="max-w-64 truncate font-medium hover:underline"
        >
          <SafeText maxLength={80}>{name}</SafeText>
        </Link>
        {!is_active && <Badge tone="timeout">Paused</Badge>}
      </span>
    ),
  },
  {
    title: "Forwards to",
    wideOnly: true,
    cell: ({ target_url }) => (
      <SafeText className="block max-w-80 truncate text-muted" maxLength={120}>
        {target_url}
      </SafeText>
    ),
  },
  {
    title: "Records",
    wideOnly: true,
    cell: ({ capture_level }) => (
      <span className={capture_level === "redacted" ? "text-muted" : ""}>
        {captureLevelTexts[capture_level].label}
      </span>
    ),
  },
  {
    title: "Added",
    wideOnly: true,
    cell: ({ created_at }) => <TimeText at={created_at} className="text-muted" />,
  },
  {
    title: "Proxy URL",
    align: "right",
    cell: ({ proxy_url, name }) => (
      <CopyButton
        text={proxy_url}
        label={`Copy the proxy URL of ${visibleText(name.slice(0, 40))}`}
      />
    ),
  },
];
