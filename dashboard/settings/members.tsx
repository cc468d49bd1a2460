/** Who works in the team, in which role. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { WireMember, WireMemberList } from "../../src/api/wire-teams.ts";
import { call } from "../api.ts";
import { queryClient } from "../query-client.ts";
import { useCan, useReaches } from "../session.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Failure } from "../ui/failure.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { Select } from "../ui/select.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { toast, toastProblem } from "../ui/toast.tsx";
import { visibleText } from "../visible-text.ts";
import { type Role, roleOptions } from "./role-options.ts";

export function Members({ teamId, userId }: { teamId: string; userId: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["members", teamId],
    queryFn: ({ signal }) => call<WireMemberList>(`/teams/${teamId}/members`, { signal }),
  });
  const [leaving, setLeaving] = useState<WireMember>();
  const isAdmin = useCan("admin");
  const isOwner = useReaches("owner");
  const mayChange = (member: WireMember) => isAdmin && (isOwner || member.role !== "owner");
  const change = (member: WireMember, role: Role) =>
    void call(`/teams/${teamId}/members/${member.user_id}`, { method: "PUT", body: { role } })
      .catch((cause: unknown) => toastProblem("The role is as it was", cause))
      .finally(() => void queryClient.invalidateQueries({ queryKey: ["members"] }));
  return (
    <Card title="Members" flush>
      {error && (
        <Failure title="The members cannot be shown" cause={error} retry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonLines label="Loading members" lines={2} />}
      {data && (
        <Table
          label="Members"
          rows={data.data}
          rowKey={({ user_id }) => user_id}
          columns={[
            {
              title: "Email",
              cell: (member) => (
                <span className="flex flex-wrap items-center gap-x-2 break-all">
                  <SafeText maxLength={80}>{member.email}</SafeText>
                  {member.user_id === userId && <Badge>You</Badge>}
                </span>
              ),
            },
            {
              title: "Role",
              cell: (member) =>
                mayChange(member) ? (
                  <Select
                    label={`Role of ${visibleText(member.email)}`}
                    value={member.role}
                    options={roleOptions(isOwner)}
                    onChange={(role) => change(member, role)}
                  />
                ) : (
                  member.role
                ),
            },
            {
              title: "Since",
              wideOnly: true,
              cell: ({ created_at }) => <TimeText at={created_at} className="text-muted" />,
            },
            {
              title: "",
              align: "right",
              cell: (member) =>
                (member.user_id === userId || mayChange(member)) && (
                  <Button size="sm" onClick={() => setLeaving(member)}>
                    {member.user_id === userId ? "Leave" : "Remove"}
                  </Button>
                ),
            },
          ]}
        />
      )}
      <Removal
        teamId={teamId}
        member={leaving}
        isSelf={leaving?.user_id === userId}
        onClose={() => setLeaving(undefined)}
      />
    </Card>
  );
}

interface RemovalProps {
  readonly teamId: string;
  readonly member: WireMember | undefined;
  readonly isSelf: boolean;
  readonly onClose: () => void;
}

function Removal({ teamId, member, isSelf, onClose }: RemovalProps) {
  const navigate = useNavigate();
  const remove = async () => {
    await call(`/teams/${teamId}/members/${member?.user_id}`, { method: "DELETE" });
    toast(isSelf ? "You have left the team" : "Member removed");
    if (isSelf) queryClient.clear();
    else await queryClient.invalidateQueries({ queryKey: ["members"] });
    if (isSelf) await navigate({ to: "/", reloadDocument: true });
  };
  return (
    <ConfirmDialog
      open={member !== undefined}
      onClose={onClose}
      title={isSelf ? "Leave this team?" : "Remove this member?"}
      action={isSelf ? "Leave team" : "Remove"}
      run={remove}
    >
      <SafeText className="font-medium text-text">{member?.email}</SafeText> loses access at once,
      and the API keys that act for this user in the team are gone with it.
    </ConfirmDialog>
  );
}
