/** Who changed what, and who came in. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { WireAuditEntry, WireAuditList } from "../../src/api/wire-audit.ts";
import type { WireMemberList } from "../../src/api/wire-teams.ts";
import { call } from "../api.ts";
import { sessionQuery } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { Select } from "../ui/select.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { type AuditKind, auditKinds, auditText } from "./audit-text.ts";

export function AuditSection() {
  const [kind, setKind] = useState<AuditKind>("all");
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    {
      queryKey: ["audit", kind],
      initialPageParam: undefined as string | undefined,
      queryFn: ({ pageParam: cursor, signal }) =>
        call<WireAuditList>("/audit", {
          query: { action: auditKinds[kind].actions, limit: 50, cursor },
          signal,
        }),
      getNextPageParam: (page) => page.next_cursor ?? undefined,
    },
  );
  const emails = useEmails();
  const entries = data?.pages.flatMap((page) => page.data);
  return (
    <Card
      title="Audit log"
      description="Nothing in it can be changed or removed; each entry carries the hash of those before it."
      actions={
        <Select
          label="What happened"
          value={kind}
          options={Object.entries(auditKinds).map(([value, { label }]) => ({
            value: value as AuditKind,
            label,
          }))}
          onChange={setKind}
        />
      }
      flush
    >
      {error && (
        <Failure title="The audit log cannot be shown" cause={error} retry={() => void refetch()} />
      )}
      {!entries && !error && <SkeletonLines label="Loading the audit log" />}
      {entries?.length === 0 && <EmptyState icon="calls" title="Nothing of that kind happened" />}
      {entries && entries.length > 0 && (
        <Table
          label="Audit log"
          rows={entries}
          rowKey={({ seq }) => String(seq)}
          columns={columnsFor(emails)}
        />
      )}
      {hasNextPage && (
        <div className="flex justify-center border-t p-3">
          <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Older
          </Button>
        </div>
      )}
    </Card>
  );
}

/** Of the members there are, by user id; of who has left the id remains. */
function useEmails(): ReadonlyMap<string, string> {
  const { data: session } = useQuery(sessionQuery);
  const teamId = session?.team.id;
  const { data } = useQuery({
    queryKey: ["members", teamId],
    queryFn: ({ signal }) => call<WireMemberList>(`/teams/${teamId}/members`, { signal }),
    enabled: teamId !== undefined,
  });
  return new Map(data?.data.map((member) => [member.user_id, member.email]));
}

const columnsFor = (emails: ReadonlyMap<string, string>): readonly Column<WireAuditEntry>[] => [
  {
    title: "When",
    cell: ({ at }) => <TimeText at={at} className="whitespace-nowrap text-muted" />,
  },
  {
    title: "What",
    cell: (entry) => (
      <span className="flex flex-col py-1.5">
        <span>{auditText(entry.action)}</span>
        <SafeText className="text-sm break-words text-muted" maxLength={300}>
          {detailsText(entry.details)}
        </SafeText>
        {entry.user_id !== null && (
          <SafeText className="text-sm text-muted md:hidden" maxLength={80}>
            {`by ${emails.get(entry.user_id) ?? entry.user_id}`}
          </SafeText>
        )}
      </span>
    ),
  },
  {
    title: "Who",
    wideOnly: true,
    cell: ({ user_id: id }) => (
      <SafeText
        className="block max-w-40 truncate"
        maxLength={80}
        empty={<span className="text-faint">nobody</span>}
      >
        {id === null ? null : (emails.get(id) ?? id)}
      </SafeText>
    ),
  },
  {
    title: "From",
    wideOnly: true,
    cell: ({ source_ip }) => (
      <SafeText className="font-mono text-sm text-muted" maxLength={45}>
        {source_ip}
      </SafeText>
    ),
  },
  {
    title: "No.",
    align: "right",
    wideOnly: true,
    cell: ({ seq, hash }) => (
      <span className="text-faint tabular-nums" title={`SHA-256 ${hash}`}>
        {seq}
      </span>
    ),
  },
];

/** `server: Weather, host: a.example → b.example` */
function detailsText(details: WireAuditEntry["details"]): string {
  return Object.entries(details)
    .map(
      ([name, value]) => `${name.replaceAll("_", " ")}: ${value === null ? "none" : String(value)}`,
    )
    .join(", ");
}
