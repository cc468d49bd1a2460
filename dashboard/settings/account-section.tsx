/** The person: password, sessions, and what this browser prefers. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { WireSessionList } from "../../src/api/wire-auth.ts";
import { call } from "../api.ts";
import { prefer, usePreferences } from "../preferences.ts";
import { queryClient } from "../query-client.ts";
import { sessionQuery } from "../session.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { FieldFrame, TextField } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { Select } from "../ui/select.tsx";
import { Switch } from "../ui/switch.tsx";
import { Table } from "../ui/table.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { toast, toastProblem } from "../ui/toast.tsx";
import { useRequest } from "./use-request.ts";

export function AccountSection() {
  const { data: session } = useQuery(sessionQuery);
  const isKey = session?.credential.kind === "key";
  return (
    <>
      <Preferences />
      {isKey ? (
        <Notice kind="hint">
          You are signed in with an API key. Password and sessions belong to people: sign in as one
          to change them.
        </Notice>
      ) : (
        <>
          <Password hasPassword={session?.has_password ?? true} />
          <Sessions />
        </>
      )}
    </>
  );
}

function Preferences() {
  const { theme, zone, letterKeys } = usePreferences();
  return (
    <Card title="This browser">
      <div className="flex flex-col gap-4">
        <FieldFrame label="Theme">
          {({ id }) => (
            <Select
              id={id}
              value={theme}
              options={[
                { value: "system", label: "As the system" },
                { value: "light", label: "Light" },
                { value: "dark", label: "Dark" },
              ]}
              onChange={(next) => prefer({ theme: next })}
            />
          )}
        </FieldFrame>
        <FieldFrame label="Times">
          {({ id }) => (
            <Select
              id={id}
              value={zone}
              options={[
                { value: "local", label: "Local time" },
                { value: "utc", label: "UTC" },
              ]}
              onChange={(next) => prefer({ zone: next })}
            />
          )}
        </FieldFrame>
        <div className="flex items-center gap-3">
          <Switch
            label="Shortcuts of one letter"
            checked={letterKeys}
            onChange={(next) => prefer({ letterKeys: next })}
          />
          <span>Shortcuts of one letter</span>
        </div>
      </div>
    </Card>
  );
}

function Password({ hasPassword }: { hasPassword: boolean }) {
  const [before, setBefore] = useState("");
  const [password, setPassword] = useState("");
  const request = useRequest("session", "sessions");
  const change = (event: FormEvent) => {
    event.preventDefault();
    const body = { ...(hasPassword && { current_password: before }), new_password: password };
    void request.run(async () => {
      await call("/auth/change-password", { method: "POST", body });
      setBefore("");
      setPassword("");
      toast(hasPassword ? "Password changed" : "Password set", "Your other sessions have ended.");
    });
  };
  return (
    <Card
      title="Password"
      description={hasPassword ? undefined : "You have none: links sign you in until you set one."}
    >
      <form onSubmit={change} className="flex flex-col gap-4">
        {hasPassword && (
          <TextField
            label="Present password"
            type="password"
            autoComplete="current-password"
            value={before}
            required
            error={request.problem?.of("current_password")}
            onChange={(event) => setBefore(event.target.value)}
          />
        )}
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          hint="At least 12 characters. Your other sessions end."
          value={password}
          required
          error={request.problem?.of("new_password")}
          onChange={(event) => setPassword(event.target.value)}
        />
        {request.besides("current_password", "new_password") !== undefined && (
          <Notice kind="error">{request.problem?.message}</Notice>
        )}
        <div className="flex justify-end">
          <Button type="submit" variant="primary" busy={request.busy}>
            {hasPassword ? "Change password" : "Set password"}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Sessions() {
  const { data } = useQuery({
    queryKey: ["sessions"],
    queryFn: ({ signal }) => call<WireSessionList>("/auth/sessions", { signal }),
  });
  const end = (id: string) =>
    void call(`/auth/sessions/${id}`, { method: "DELETE" })
      .then(() => toast("Session ended"))
      .catch((cause: unknown) => toastProblem("The session goes on", cause))
      .finally(() => void queryClient.invalidateQueries({ queryKey: ["sessions"] }));
  return (
    <Card title="Sessions" description="Where you are signed in." flush>
      {data && (
        <Table
          label="Sessions"
          rows={data.data}
          rowKey={({ id }) => id}
          columns={[
            {
              title: "From",
              cell: ({ source_ip, is_current, kind }) => (
                <span className="flex items-center gap-2">
                  <SafeText className="font-mono text-sm" maxLength={45}>
                    {source_ip}
                  </SafeText>
                  {kind === "token" && <Badge>API</Badge>}
                  {is_current && <Badge tone="accent">This one</Badge>}
                </span>
              ),
            },
            {
              title: "Begun",
              wideOnly: true,
              cell: ({ created_at }) => <TimeText at={created_at} className="text-muted" />,
            },
            {
              title: "Last used",
              cell: ({ last_used_at }) => <TimeText at={last_used_at} className="text-muted" />,
            },
            {
              title: "",
              align: "right",
              cell: ({ id, is_current }) =>
                !is_current && (
                  <Button size="sm" onClick={() => end(id)}>
                    End
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Card>
  );
}
