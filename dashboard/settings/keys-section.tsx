/** API keys of the team: which there are, a new one, the end of one. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { WireApiKey, WireApiKeyList } from "../../src/api/wire-keys.ts";
import { call } from "../api.ts";
import { queryClient } from "../query-client.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { toast } from "../ui/toast.tsx";
import { NewKeyDialog } from "./new-key-dialog.tsx";

export function KeysSection() {
  const { data, error, refetch } = useQuery({
    queryKey: ["api-keys"],
    queryFn: ({ signal }) => call<WireApiKeyList>("/api-keys", { signal }),
  });
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<WireApiKey>();
  const make = (
    <Button variant="primary" icon="plus" onClick={() => setMaking(true)}>
      New key
    </Button>
  );
  const end: Column<WireApiKey> = {
    title: "",
    align: "right",
    cell: (key) => (
      <Button size="sm" onClick={() => setRevoking(key)}>
        Revoke
      </Button>
    ),
  };
  return (
    <Card
      title="API keys"
      description="For scripts, CI and agents that read the log; each acts for the user who made it."
      actions={make}
      flush
    >
      {error && (
        <Failure title="The keys cannot be shown" cause={error} retry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonLines label="Loading keys" lines={3} />}
      {data?.total === 0 && <EmptyState icon="key" title="No key" />}
      {data && data.total > 0 && (
        <Table
          label="API keys"
          rows={data.data}
          rowKey={({ id }) => id}
          columns={[...columns, end]}
        />
      )}
      {making && <NewKeyDialog onClose={() => setMaking(false)} />}
      <ConfirmDialog
        open={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        title="Revoke this key?"
        action="Revoke key"
        run={async () => {
          await call(`/api-keys/${revoking?.id}`, { method: "DELETE" });
          await queryClient.invalidateQueries({ queryKey: ["api-keys"] });
          toast("Key revoked");
        }}
      >
        Whatever uses <SafeText className="font-medium text-text">{revoking?.name}</SafeText> is
        refused from now on.
      </ConfirmDialog>
    </Card>
  );
}

const columns: readonly Column<WireApiKey>[] = [
  {
    title: "Name",
    cell: ({ name, masked }) => (
      <span className="flex flex-col py-1">
        <SafeText className="max-w-48 truncate font-medium" maxLength={100}>
          {name}
        </SafeText>
        <code className="font-mono text-sm text-muted">{masked}</code>
      </span>
    ),
  },
  {
    title: "May",
    wideOnly: true,
    cell: ({ scopes }) =>
      scopes.includes("admin") ? (
        "everything"
      ) : (
        <span className="flex max-w-72 flex-wrap gap-1 py-1">
          {scopes.map((scope) => (
            <Badge key={scope}>{scope}</Badge>
          ))}
        </span>
      ),
  },
  {
    title: "Last used",
    wideOnly: true,
    cell: ({ last_used_at: at, last_used_ip: ip }) =>
      at === null ? (
        <span className="text-muted">never</span>
      ) : (
        <span className="whitespace-nowrap">
          <TimeText at={at} />
          <SafeText className="ml-2 hidden text-muted lg:inline" maxLength={45}>
            {ip}
          </SafeText>
        </span>
      ),
  },
  {
    title: "Expires",
    wideOnly: true,
    cell: ({ expires_at: at }) =>
      at === null ? <span className="text-muted">never</span> : <TimeText at={at} />,
  },
];
