/** A URL, what is found there, and a name for it; or the demo server. */
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import type { WireConnectionReport } from "../../src/api/connection-report.ts";
import type { WireServer } from "../../src/api/wire-servers.ts";
import { toProblem } from "../problem.ts";
import { CheckRunning, ConnectionReport } from "../servers/connection-report.tsx";
import { addDemoServer, addServer, checkUrl } from "../servers/server-requests.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { suggestedName } from "./suggested-name.ts";

export function NewServer({ onAdded }: { onAdded: (server: WireServer) => void }) {
  const [url, setUrl] = useState("");
  const { check, cancel } = useCheck();
  const demo = useMutation({ mutationFn: addDemoServer, onSuccess: onAdded });
  const problem = check.error ? toProblem(check.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (url.trim() !== "") check.mutate(url.trim());
  };
  const change = (next: string) => {
    setUrl(next);
    cancel();
  };
  return (
    <div className="flex flex-col gap-4">
      <form onSubmit={submit} className="flex flex-col gap-2 sm:flex-row sm:items-start">
        <div className="min-w-0 flex-1">
          <TextField
            label="MCP URL"
            type="url"
            inputMode="url"
            placeholder="https://example.com/mcp"
            autoFocus
            required
            value={url}
            error={problem?.of("target_url")}
            hint="As it stands in the agent's configuration now."
            onChange={(event) => change(event.target.value)}
          />
        </div>
        <Button type="submit" variant="primary" busy={check.isPending} className="sm:mt-6">
          Check connection
        </Button>
      </form>
      {check.isPending && <CheckRunning target={url} />}
      {problem && problem.details.length === 0 && <Notice kind="error">{problem.message}</Notice>}
      {check.data && !check.isPending && (
        <Found
          key={check.submittedAt}
          url={check.variables}
          report={check.data}
          onAdded={onAdded}
        />
      )}
      {check.isIdle && (
        <p className="flex flex-wrap items-center gap-2 text-muted">
          None at hand?
          <Button size="sm" icon="play" busy={demo.isPending} onClick={() => demo.mutate()}>
            Use the demo server
          </Button>
        </p>
      )}
      {demo.error && <Notice kind="error">{toProblem(demo.error).message}</Notice>}
    </div>
  );
}

/** Another URL ends the check of the one before. */
function useCheck() {
  const running = useRef<AbortController>(undefined);
  const check = useMutation({
    mutationFn: (url: string) => {
      running.current = new AbortController();
      return checkUrl(url, running.current.signal);
    },
  });
  useEffect(() => () => running.current?.abort(), []);
  const cancel = () => {
    running.current?.abort();
    check.reset();
  };
  return { check, cancel };
}

interface FoundProps {
  readonly url: string;
  readonly report: WireConnectionReport;
  readonly onAdded: (server: WireServer) => void;
}

function Found({ url, report, onAdded }: FoundProps) {
  const [name, setName] = useState(() => suggestedName(url, report));
  const add = useMutation({
    mutationFn: () => addServer({ name, target_url: url }),
    onSuccess: onAdded,
  });
  const problem = add.error ? toProblem(add.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <div className="flex flex-col gap-4">
      <div className="rounded-md border px-3 py-2.5">
        <ConnectionReport report={report} />
      </div>
      <form onSubmit={submit} className="flex flex-col gap-2 sm:flex-row sm:items-start">
        <div className="min-w-0 flex-1">
          <TextField
            label="Name"
            value={name}
            maxLength={200}
            required
            error={problem?.of("name")}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <Button
          type="submit"
          variant={report.ok ? "primary" : "default"}
          busy={add.isPending}
          className="sm:mt-6"
        >
          {report.ok ? "Add server" : "Add it anyway"}
        </Button>
      </form>
      {problem && problem.of("name") === undefined && (
        <Notice kind="error">{problem.message}</Notice>
      )}
    </div>
  );
}
