/** Invitations that are open, and a new one, whose link is shown once. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { WireInvitationList, WireMadeInvitation } from "../../src/api/wire-teams.ts";
import { call } from "../api.ts";
import { queryClient } from "../query-client.ts";
import { useReaches } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { FieldFrame, TextField } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { Select } from "../ui/select.tsx";
import { Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { toast, toastProblem } from "../ui/toast.tsx";
import { type Role, roleHints, roleOptions } from "./role-options.ts";
import { SecretShown } from "./secret-shown.tsx";
import { useRequest } from "./use-request.ts";

export function Invitations({ teamId }: { teamId: string }) {
  const [inviting, setInviting] = useState(false);
  const { data } = useQuery({
    queryKey: ["invitations", teamId],
    queryFn: ({ signal }) => call<WireInvitationList>(`/teams/${teamId}/invitations`, { signal }),
  });
  const revoke = (id: string) =>
    void call(`/teams/${teamId}/invitations/${id}`, { method: "DELETE" })
      .then(() => toast("Invitation revoked"))
      .catch((cause: unknown) => toastProblem("The invitation stands", cause))
      .finally(() => void queryClient.invalidateQueries({ queryKey: ["invitations"] }));
  return (
    <Card
      title="Invitations"
      description="A link for one address, good for a day. No mail is sent: hand it over yourself."
      actions={
        <Button icon="plus" onClick={() => setInviting(true)}>
          Invite
        </Button>
      }
      flush
    >
      {data?.total === 0 && <p className="p-4 text-muted">None is open.</p>}
      {data && data.total > 0 && (
        <Table
          label="Invitations"
          rows={data.data}
          rowKey={({ id }) => id}
          columns={[
            { title: "Email", cell: ({ email }) => <SafeText maxLength={80}>{email}</SafeText> },
            { title: "Role", cell: ({ role }) => role },
            {
              title: "Expires",
              wideOnly: true,
              cell: ({ expires_at }) => <TimeText at={expires_at} className="text-muted" />,
            },
            {
              title: "",
              align: "right",
              cell: ({ id }) => (
                <Button size="sm" onClick={() => revoke(id)}>
                  Revoke
                </Button>
              ),
            },
          ]}
        />
      )}
      {inviting && <InvitationDialog teamId={teamId} onClose={() => setInviting(false)} />}
    </Card>
  );
}

function InvitationDialog({ teamId, onClose }: { teamId: string; onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [made, setMade] = useState<WireMadeInvitation>();
  const isOwner = useReaches("owner");
  const request = useRequest("invitations");
  const invite = (event: FormEvent) => {
    event.preventDefault();
    const body = { email: email.trim(), role };
    void request.run(async () => {
      setMade(await call(`/teams/${teamId}/invitations`, { method: "POST", body }));
    });
  };
  return (
    <Dialog open onClose={onClose} title={made ? "Invitation made" : "Invite to the team"}>
      {made ? (
        <SecretShown text={made.url} label="Copy link" onDone={onClose}>
          For <SafeText className="font-medium text-text">{made.email}</SafeText>, within a day. It
          is shown only now.
        </SecretShown>
      ) : (
        <form onSubmit={invite} className="flex flex-col gap-4">
          <TextField
            label="Email"
            type="email"
            value={email}
            required
            error={request.problem?.of("email")}
            onChange={(event) => setEmail(event.target.value)}
          />
          <FieldFrame label="Role" hint={roleHints[role]} error={request.problem?.of("role")}>
            {({ id }) => (
              <Select id={id} value={role} options={roleOptions(isOwner)} onChange={setRole} />
            )}
          </FieldFrame>
          {request.besides("email", "role") !== undefined && (
            <Notice kind="error">{request.problem?.message}</Notice>
          )}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" busy={request.busy}>
              Make invitation
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
