/** A new key: its name, what it may do, until when. Its text is shown once. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { WireMadeApiKey } from "../../src/api/wire-keys.ts";
import { call } from "../api.ts";
import { sessionQuery } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { FieldFrame, TextField } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { Select } from "../ui/select.tsx";
import { SecretShown } from "./secret-shown.tsx";
import { useRequest } from "./use-request.ts";

type Scope = WireMadeApiKey["scopes"][number];

const meanings: Record<Scope, string> = {
  "servers:read": "See servers",
  "servers:write": "Add and change servers",
  "calls:read": "See calls, without what they said",
  "calls:bodies": "See what calls said",
  "calls:delete": "Delete calls",
  "keys:manage": "Make and revoke keys",
  admin: "Everything",
};

const lifetimes = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "A year" },
  { value: "never", label: "No end" },
] as const;
type Lifetime = (typeof lifetimes)[number]["value"];

const dayMs = 86_400_000;

export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const { data: session } = useQuery(sessionQuery);
  const own = session?.scopes ?? [];
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly Scope[]>([
    "servers:read",
    "calls:read",
    "calls:bodies",
  ]);
  const [lifetime, setLifetime] = useState<Lifetime>("90");
  const [made, setMade] = useState<WireMadeApiKey>();
  const request = useRequest("api-keys");
  const scopes = chosen.filter((scope) => own.includes(scope));
  const toggle = (scope: Scope) =>
    setChosen(
      chosen.includes(scope) ? chosen.filter((each) => each !== scope) : [...chosen, scope],
    );
  const make = (event: FormEvent) => {
    event.preventDefault();
    const body = { name: name.trim(), scopes, expires_at: expiryOf(lifetime) };
    void request.run(async () => setMade(await call("/api-keys", { method: "POST", body })));
  };
  return (
    <Dialog open onClose={onClose} title={made ? "Key made" : "New API key"}>
      {made ? (
        <SecretShown text={made.key} label="Copy key" onDone={onClose}>
          It is shown only now.
        </SecretShown>
      ) : (
        <form onSubmit={make} className="flex flex-col gap-4">
          <TextField
            label="Name"
            value={name}
            maxLength={100}
            required
            error={request.problem?.of("name")}
            hint="What uses it: “CI”, “nightly report”."
            onChange={(event) => setName(event.target.value)}
          />
          <Scopes
            own={own}
            chosen={scopes}
            onToggle={toggle}
            problem={request.problem?.of("scopes")}
          />
          <FieldFrame label="Good for" error={request.problem?.of("expires_at")}>
            {({ id }) => (
              <Select id={id} value={lifetime} options={lifetimes} onChange={setLifetime} />
            )}
          </FieldFrame>
          {request.besides("name", "scopes", "expires_at") !== undefined && (
            <Notice kind="error">{request.problem?.message}</Notice>
          )}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              variant="primary"
              busy={request.busy}
              disabled={scopes.length === 0}
            >
              Make key
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

interface ScopesProps {
  readonly own: readonly Scope[];
  readonly chosen: readonly Scope[];
  readonly onToggle: (scope: Scope) => void;
  readonly problem: string | undefined;
}

function Scopes({ own, chosen, onToggle, problem }: ScopesProps) {
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 font-medium">It may</legend>
      {own.map((scope) => (
        <label key={scope} className="flex min-h-6 items-center gap-2">
          <input
            type="checkbox"
            checked={chosen.includes(scope)}
            onChange={() => onToggle(scope)}
            className="size-3.5 accent-accent-solid"
          />
          {meanings[scope]}
          <code className="font-mono text-sm text-faint">{scope}</code>
        </label>
      ))}
      {problem !== undefined && (
        <p role="alert" className="text-sm text-error">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

function expiryOf(lifetime: Lifetime): string | null {
  return lifetime === "never"
    ? null
    : new Date(Date.now() + Number(lifetime) * dayMs).toISOString();
}
