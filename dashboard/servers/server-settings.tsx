/** Changing what is set of a server. */
import { type FormEvent, useState } from "react";
import type { WireServer, WireServerChanges } from "../../src/api/wire-servers.ts";
import { type Problem, toProblem } from "../problem.ts";
import { useReaches } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { toast } from "../ui/toast.tsx";
import { fieldsOf, idleTimeoutMs, type ServerFields, ServerForm } from "./server-form.tsx";
import { changeServer } from "./server-requests.ts";

export function ServerSettings({ server }: { server: WireServer }) {
  const [fields, setFields] = useState(() => fieldsOf(server));
  const [busy, setBusy] = useState(false);
  const [rerouting, setRerouting] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const canReroute = useReaches("admin");
  const changes = changesOf(server, fields);
  const isChanged = Object.keys(changes).length > 0;
  const save = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      setFields(fieldsOf(await changeServer(server.id, changes)));
      toast("Server saved");
    } catch (cause) {
      setProblem(toProblem(cause));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (changes.target_url === undefined) void save();
    else setRerouting(true);
  };
  return (
    <Card title="Settings">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <ServerForm
          fields={fields}
          onChange={setFields}
          problem={problem}
          canReroute={canReroute}
        />
        {problem && problem.details.length === 0 && <Notice kind="error">{problem.message}</Notice>}
        <div className="flex justify-end gap-2">
          {isChanged && (
            <Button onClick={() => setFields(fieldsOf(server))}>Discard changes</Button>
          )}
          <Button variant="primary" type="submit" busy={busy} disabled={!isChanged}>
            Save
          </Button>
        </div>
      </form>
      <ConfirmDialog
        open={rerouting}
        onClose={() => setRerouting(false)}
        title="Forward calls elsewhere?"
        action="Forward there"
        run={save}
      >
        From now on every agent with this proxy URL, and every credential it sends, reaches{" "}
        <SafeText className="font-medium break-all text-text" maxLength={300}>
          {fields.targetUrl}
        </SafeText>{" "}
        instead of{" "}
        <SafeText className="break-all" maxLength={300}>
          {server.target_url}
        </SafeText>
        .
      </ConfirmDialog>
    </Card>
  );
}

function changesOf(server: WireServer, fields: ServerFields): WireServerChanges {
  const before = fieldsOf(server);
  return {
    ...(fields.name !== before.name && { name: fields.name }),
    ...(fields.targetUrl !== before.targetUrl && { target_url: fields.targetUrl }),
    ...(fields.captureLevel !== before.captureLevel && { capture_level: fields.captureLevel }),
    ...(fields.idleTimeout !== before.idleTimeout && {
      upstream_idle_timeout_ms: idleTimeoutMs(fields.idleTimeout),
    }),
  };
}
