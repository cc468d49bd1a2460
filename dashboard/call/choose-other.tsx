/** What a call is to be compared with: the newest calls like it, or any other by its id or link. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import type { WireCall, WireCallList } from "../../src/api/wire.ts";
import { call as ask } from "../api.ts";
import { duration } from "../time.ts";
import { StatusMark } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Failure } from "../ui/failure.tsx";
import { TextField } from "../ui/field.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { alikeOf } from "./neighbours.ts";
import { nameOf } from "./outcome.ts";
import { Part } from "./result-view.tsx";

const offered = 20;

export function ChooseOther({ call }: { call: WireCall }) {
  const navigate = useNavigate();
  const shared = alikeOf(call);
  const { data, error } = useQuery({
    queryKey: ["calls-alike", call.id],
    queryFn: ({ signal }) =>
      ask<WireCallList>("/mcp/calls", { query: { ...shared, limit: offered + 1 }, signal }),
  });
  const compare = (b: string) => void navigate({ to: "/compare", search: { a: call.id, b } });
  const others = data?.data.filter(({ id }) => id !== call.id) ?? [];
  return (
    <div className="flex flex-col gap-5 p-4">
      <ById onChosen={compare} />
      <Part title={`Newest calls of ${nameOf(call)}`}>
        {error && <Failure title="The calls cannot be shown" cause={error} />}
        {!error && !data && <SkeletonLines label="Loading calls" />}
        {data && others.length === 0 && <p className="text-muted">There is no other one.</p>}
        {others.length > 0 && (
          <Table
            label="Calls to compare with"
            rows={others.slice(0, offered)}
            rowKey={({ id }) => id}
            columns={[
              { title: "Status", cell: ({ status }) => <StatusMark status={status} /> },
              { title: "Started", cell: ({ created_at }) => <TimeText at={created_at} /> },
              { title: "Duration", cell: ({ duration_ms }) => duration(duration_ms) },
              {
                title: "Client",
                wideOnly: true,
                cell: ({ client_name }) => <SafeText maxLength={80}>{client_name}</SafeText>,
              },
              {
                title: "Compare",
                align: "right",
                cell: ({ id }) => (
                  <Button size="sm" onClick={() => compare(id)}>
                    Compare
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Part>
    </div>
  );
}

const anyId = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

function ById({ onChosen }: { onChosen: (id: string) => void }) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const id = anyId.exec(text)?.[0];
    if (id === undefined) setWrong("There is no id of a call in this.");
    else onChosen(id.toLowerCase());
  };
  return (
    <form className="flex max-w-xl items-end gap-2" onSubmit={submit}>
      <div className="flex-1">
        <TextField
          label="Id or link of another call"
          value={text}
          error={wrong}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <Button type="submit">Compare</Button>
    </form>
  );
}
