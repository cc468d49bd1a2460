/** One server: its proxy URL, whether it can be reached, what is recorded, and its end. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { WireServer } from "../../src/api/wire-servers.ts";
import { useCan } from "../session.ts";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { Switch } from "../ui/switch.tsx";
import { toastProblem } from "../ui/toast.tsx";
import { ServerCheck } from "./server-check.tsx";
import { ServerEnd } from "./server-end.tsx";
import { changeServer } from "./server-requests.ts";
import { ServerSettings } from "./server-settings.tsx";
import { serversQuery } from "./servers-query.ts";
import { Snippets } from "./snippets.tsx";

const route = getRouteApi("/shell/servers/$serverId");

export function ServerScreen() {
  const { serverId } = route.useParams();
  const { data, error, refetch } = useQuery(serversQuery);
  const server = data?.data.find(({ id }) => id === serverId);
  if (server) return <Shown key={server.id} server={server} />;
  return (
    <>
      <PageHeader title="Server" />
      {error && (
        <Failure title="The server cannot be shown" cause={error} retry={() => void refetch()} />
      )}
      {!error && !data && <SkeletonLines label="Loading the server" />}
      {data && (
        <EmptyState
          icon="servers"
          title="There is no such server"
          actions={
            <Link to="/servers" className="font-medium text-accent hover:underline">
              All servers
            </Link>
          }
        >
          It may have been deleted, or belong to another team.
        </EmptyState>
      )}
    </>
  );
}

function Shown({ server }: { server: WireServer }) {
  const canWrite = useCan("servers:write");
  return (
    <>
      <PageHeader
        title={server.name}
        lead={
          <Link to="/servers" className="text-muted hover:text-text hover:underline">
            Servers
          </Link>
        }
        note={!server.is_active && <Badge tone="timeout">Paused</Badge>}
        actions={
          <Link
            to="/calls"
            search={{ server_id: [server.id] }}
            className="inline-flex h-8 items-center rounded-md border border-line-strong bg-surface px-3 font-medium hover:bg-hover"
          >
            Its calls
          </Link>
        }
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex max-w-4xl flex-col gap-4 p-3 sm:p-4">
          <ProxyUrl server={server} canWrite={canWrite} />
          <Card title="In the agent's configuration">
            <Snippets name={server.name} proxyUrl={server.proxy_url} />
          </Card>
          {canWrite && <ServerCheck server={server} />}
          {canWrite && <ServerSettings server={server} />}
          {canWrite && <ServerEnd server={server} />}
        </div>
      </div>
    </>
  );
}

function ProxyUrl({ server, canWrite }: { server: WireServer; canWrite: boolean }) {
  const turn = (isActive: boolean) =>
    void changeServer(server.id, { is_active: isActive }).catch((cause: unknown) =>
      toastProblem("The server is as it was", cause),
    );
  return (
    <Card
      title="Proxy URL"
      description="Whoever has it can call the server through HookWatch: keep it like a password."
      actions={
        canWrite && (
          <span className="flex items-center gap-2 text-muted">
            {server.is_active ? "Active" : "Paused"}
            <Switch label="Calls pass" checked={server.is_active} onChange={turn} />
          </span>
        )
      }
    >
      <div className="flex items-center gap-2">
        <code className="min-w-0 flex-1 rounded-md bg-sunken px-3 py-1.5 font-mono text-sm break-all">
          {server.proxy_url}
        </code>
        <CopyButton text={server.proxy_url} label="Copy proxy URL" size="md" />
      </div>
      <p className="mt-3 flex gap-1 text-sm text-muted">
        <span className="shrink-0">Forwards to</span>
        <SafeText className="min-w-0 break-all" maxLength={400}>
          {server.target_url}
        </SafeText>
      </p>
      {!server.is_active && (
        <p className="mt-1 text-sm text-timeout">
          While it is paused, calls through this URL get 404; what was recorded stays.
        </p>
      )}
    </Card>
  );
}
