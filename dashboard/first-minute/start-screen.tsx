/** The first minute, and every further server: which one, into which agent, and there is its first call. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { serversQuery } from "../servers/servers-query.ts";
import { Snippets } from "../servers/snippets.tsx";
import { useCan } from "../session.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { Icon } from "../ui/icon.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { FirstCall } from "./first-call.tsx";
import { NewServer } from "./new-server.tsx";

const route = getRouteApi("/shell/start");

export function StartScreen() {
  const { server: serverId } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(serversQuery);
  const canWrite = useCan("servers:write");
  const server = data?.data.find(({ id }) => id === serverId);
  const isFirst = data?.total === 0 || (data?.total === 1 && server !== undefined);
  return (
    <>
      <PageHeader title={isFirst ? "See your first call" : "Add a server"} />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {error && (
          <Failure title="The servers cannot be shown" cause={error} retry={() => void refetch()} />
        )}
        {!canWrite && data && (
          <EmptyState icon="servers" title="You may look, but not add">
            Your role or API key does not allow to add servers. An admin of the team can.
          </EmptyState>
        )}
        {canWrite && data && (
          <ol className="mx-auto flex max-w-4xl flex-col gap-3 p-3 sm:p-4">
            <Stage
              number={1}
              title="Which MCP server do your agents use?"
              done={server !== undefined}
            >
              {server ? (
                <p className="flex items-center gap-2 text-muted">
                  <SafeText className="truncate font-medium text-text" maxLength={80}>
                    {server.name}
                  </SafeText>
                  <SafeText className="min-w-0 truncate" maxLength={160}>
                    {server.target_url}
                  </SafeText>
                </p>
              ) : (
                <NewServer
                  onAdded={({ id }) => void navigate({ search: { server: id }, replace: true })}
                />
              )}
            </Stage>
            <Stage number={2} title="Put this URL in place of the server's own" done={false}>
              {server && (
                <div className="flex flex-col gap-4">
                  <div className="flex items-center gap-2">
                    <code className="min-w-0 flex-1 rounded-md bg-sunken px-3 py-1.5 font-mono text-sm break-all">
                      {server.proxy_url}
                    </code>
                    <CopyButton text={server.proxy_url} label="Copy proxy URL" size="md" />
                  </div>
                  <Snippets name={server.name} proxyUrl={server.proxy_url} />
                </div>
              )}
            </Stage>
            <Stage number={3} title="Use a tool, and see the call" done={false}>
              {server && <FirstCall server={server} />}
            </Stage>
          </ol>
        )}
      </div>
    </>
  );
}

interface StageProps {
  readonly number: number;
  readonly title: string;
  readonly done: boolean;
  /** Nothing: its turn has not come. */
  readonly children: ReactNode;
}

function Stage({ number, title, done, children }: StageProps) {
  const isOpen = Boolean(children);
  return (
    <li className="rounded-lg border bg-surface">
      <h2
        className={`flex items-center gap-2.5 px-4 py-3 font-semibold ${isOpen ? "" : "text-faint"}`}
      >
        <span
          className={`flex size-5 shrink-0 items-center justify-center rounded-full text-xs ${
            done
              ? "bg-success-soft text-success"
              : isOpen
                ? "bg-accent-soft text-accent"
                : "bg-sunken"
          }`}
        >
          {done ? <Icon name="check" className="size-3" /> : number}
        </span>
        {title}
      </h2>
      {isOpen && <div className="px-4 pb-4 sm:pl-11">{children}</div>}
    </li>
  );
}
