/** Whether a server can be reached now, and a real call through its proxy URL. */
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { WireServer } from "../../src/api/wire-servers.ts";
import { toProblem } from "../problem.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { CheckRunning, ConnectionReport } from "./connection-report.tsx";
import { checkServer, sendTestCall, type TestedCall } from "./server-requests.ts";

export function ServerCheck({ server }: { server: WireServer }) {
  const check = useMutation({ mutationFn: () => checkServer(server.id) });
  const test = useMutation({ mutationFn: () => sendTestCall(server.id) });
  return (
    <Card
      title="Connection"
      description="A check is not recorded; a test call passes through the proxy and is."
      actions={
        <>
          <Button busy={test.isPending} disabled={!server.is_active} onClick={() => test.mutate()}>
            Send test call
          </Button>
          <Button busy={check.isPending} onClick={() => check.mutate()}>
            Check
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {check.isPending && <CheckRunning target={server.target_url} />}
        {check.error && <Notice kind="error">{toProblem(check.error).message}</Notice>}
        {check.data && !check.isPending && <ConnectionReport report={check.data} />}
        {test.error && <Notice kind="error">{toProblem(test.error).message}</Notice>}
        {test.data && <TestResult tested={test.data} />}
        {check.isIdle && test.isIdle && (
          <p className="text-muted">Nothing was checked since this page was opened.</p>
        )}
      </div>
    </Card>
  );
}

export function TestResult({ tested }: { tested: TestedCall }) {
  const { method, call_id: callId, error_message: error } = tested;
  return (
    <Notice
      kind={error === "" ? "success" : "warning"}
      action={
        <Link
          to="/calls/$callId"
          params={{ callId }}
          className="shrink-0 font-medium underline underline-offset-2"
        >
          Show it
        </Link>
      }
    >
      {error === "" ? (
        <>
          The test call <code className="font-mono text-sm">{method}</code> was answered and
          recorded.
        </>
      ) : (
        <>
          The test call failed: <SafeText maxLength={400}>{error}</SafeText>
        </>
      )}
    </Notice>
  );
}
