/** Whether the log is well, and what it knows to be missing. */
import { useQuery } from "@tanstack/react-query";
import type { WireCallLosses } from "../../src/api/wire.ts";
import { call } from "../api.ts";
import { useServersById } from "../servers/servers-query.ts";
import { countText } from "../time.ts";
import { Card } from "../ui/card.tsx";
import { Failure } from "../ui/failure.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";

type Loss = WireCallLosses["data"][number];

const readinessIntervalMs = 10_000;

export function LogSection() {
  return (
    <>
      <Health />
      <Losses />
    </>
  );
}

function Health() {
  const { data, error } = useQuery({
    queryKey: ["readiness"],
    queryFn: async ({ signal }) => {
      const answer = await fetch("/readyz", { signal, cache: "no-store" });
      return { ready: answer.ok, text: (await answer.text()).trim() };
    },
    refetchInterval: readinessIntervalMs,
  });
  return (
    <Card title="Health" description="Asked every ten seconds while this page is open.">
      {error && <Notice kind="error">The host cannot be reached.</Notice>}
      {data?.ready && <Notice kind="success">Calls are recorded and can be read.</Notice>}
      {data && !data.ready && (
        <Notice kind="error">
          <SafeText maxLength={400}>{data.text}</SafeText>
        </Notice>
      )}
    </Card>
  );
}

function Losses() {
  const servers = useServersById();
  const { data, error, refetch } = useQuery({
    queryKey: ["losses"],
    queryFn: ({ signal }) => call<WireCallLosses>("/mcp/calls/losses", { signal }),
  });
  return (
    <Card
      title="What is missing"
      description="Calls that passed but could not be recorded, or only without their bodies."
      flush
    >
      {error && (
        <Failure title="The losses cannot be shown" cause={error} retry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonLines label="Loading losses" lines={2} />}
      {data?.data.length === 0 && <p className="p-4 text-muted">Nothing: the log is whole.</p>}
      {data && data.data.length > 0 && (
        <Table<Loss>
          label="Losses"
          rows={data.data}
          rowKey={({ id }) => id}
          columns={[
            {
              title: "When",
              cell: ({ first_at, last_at }) => (
                <span className="text-muted">
                  <TimeText at={first_at} form="full" /> – <TimeText at={last_at} form="clock" />
                </span>
              ),
            },
            {
              title: "Server",
              wideOnly: true,
              cell: ({ mcp_server_id: id }) => (
                <SafeText maxLength={60}>{servers.get(id)?.name ?? id}</SafeText>
              ),
            },
            { title: "What", cell: ({ kind }) => (kind === "call" ? "Whole calls" : "Bodies") },
            { title: "Why", wideOnly: true, cell: ({ reason }) => <SafeText>{reason}</SafeText> },
            { title: "How many", align: "right", cell: ({ count }) => countText(count) },
          ]}
        />
      )}
    </Card>
  );
}
