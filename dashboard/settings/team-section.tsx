/** The active team: its name, what it uses, its people; and a further one. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { WireTeam, WireUsage } from "../../src/api/wire-teams.ts";
import { call } from "../api.ts";
import { sessionQuery, switchTeam, useCan } from "../session.ts";
import { countText } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { TextField } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { toast } from "../ui/toast.tsx";
import { Invitations } from "./invitations.tsx";
import { Members } from "./members.tsx";
import { useRequest } from "./use-request.ts";

export function TeamSection() {
  const { data: session } = useQuery(sessionQuery);
  const isAdmin = useCan("admin");
  if (!session) return null;
  const { team, credential } = session;
  return (
    <>
      {isAdmin && <TeamName key={team.id} teamId={team.id} name={team.name} />}
      <Usage />
      {(credential.kind !== "key" || isAdmin) && (
        <Members teamId={team.id} userId={session.user.id} />
      )}
      {isAdmin && <Invitations teamId={team.id} />}
      {credential.kind !== "key" && <NewTeam />}
    </>
  );
}

function TeamName({ teamId, name: before }: { teamId: string; name: string }) {
  const [name, setName] = useState(before);
  const request = useRequest("session");
  const save = (event: FormEvent) => {
    event.preventDefault();
    void request
      .run(() => call(`/teams/${teamId}`, { method: "PUT", body: { name } }))
      .then((saved) => saved && toast("Team renamed"));
  };
  return (
    <Card title="Team">
      <form onSubmit={save} className="flex flex-col gap-3">
        <TextField
          label="Name"
          value={name}
          maxLength={100}
          required
          error={request.problem?.of("name")}
          onChange={(event) => setName(event.target.value)}
        />
        {request.besides("name") !== undefined && (
          <Notice kind="error">{request.problem?.message}</Notice>
        )}
        <div className="flex justify-end">
          <Button
            type="submit"
            variant="primary"
            busy={request.busy}
            disabled={name.trim() === before}
          >
            Save
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Usage() {
  const { data } = useQuery({
    queryKey: ["usage"],
    queryFn: ({ signal }) => call<WireUsage>("/usage", { signal }),
  });
  if (!data) return null;
  const { plan, month, servers, api_keys: keys, calls, retention_days: days } = data;
  return (
    <Card title="Plan" description={`“${plan}”; calls are those of ${month} (UTC).`}>
      <dl className="grid grid-cols-2 gap-4 sm:grid-cols-4">
        <Figure title="Servers" {...servers} />
        <Figure title="API keys" {...keys} />
        <Figure title="Calls this month" {...calls} />
        <div>
          <dt className="text-sm text-muted">Calls are kept</dt>
          <dd className="text-lg font-semibold">{days === null ? "for ever" : `${days} days`}</dd>
        </div>
      </dl>
    </Card>
  );
}

function Figure({ title, used, limit }: { title: string; used: number; limit: number | null }) {
  const share = limit === null ? 0 : Math.min(1, used / limit);
  const tone = share >= 1 ? "text-error" : share >= 0.8 ? "text-timeout" : "";
  return (
    <div>
      <dt className="text-sm text-muted">{title}</dt>
      <dd className={`text-lg font-semibold tabular-nums ${tone}`}>
        {countText(used)}
        {limit !== null && (
          <span className="text-base font-normal text-muted"> of {countText(limit)}</span>
        )}
      </dd>
    </div>
  );
}

function NewTeam() {
  const [name, setName] = useState("");
  const request = useRequest();
  const create = (event: FormEvent) => {
    event.preventDefault();
    void request.run(async () => {
      const team = await call<WireTeam>("/teams", { method: "POST", body: { name } });
      await switchTeam(team.id);
    });
  };
  return (
    <Card title="Another team" description="With servers, calls, keys and members of its own.">
      <form onSubmit={create} className="flex flex-col gap-3 sm:flex-row sm:items-start">
        <div className="min-w-0 flex-1">
          <TextField
            label="Name"
            value={name}
            maxLength={100}
            required
            error={request.problem?.of("name") ?? request.besides("name")}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <Button type="submit" busy={request.busy} className="sm:mt-6">
          Create team
        </Button>
      </form>
    </Card>
  );
}
