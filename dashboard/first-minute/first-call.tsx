/** Waits for the first call of a server, and shows it when it comes; sends one itself on request. */
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { WireCall, WireCallList } from "../../src/api/wire.ts";
import type { WireServer } from "../../src/api/wire-servers.ts";
import { call } from "../api.ts";
import { followCalls } from "../call-stream.ts";
import { toProblem } from "../problem.ts";
import { sendTestCall } from "../servers/server-requests.ts";
import { duration } from "../time.ts";
import { StatusMark } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { Spinner } from "../ui/spinner.tsx";
import { TimeText } from "../ui/time-text.tsx";

export function FirstCall({ server }: { server: WireServer }) {
  const { calls, lost } = useCallsOf(server.id);
  const test = useMutation({ mutationFn: () => sendTestCall(server.id) });
  const [first] = calls;
  return (
    <div className="flex flex-col gap-3" aria-live="polite">
      {first ? (
        <>
          <p className="font-medium">
            There {calls.length === 1 ? "it is" : "they are"}: what your agents do is recorded now.
          </p>
          <ul className="divide-y rounded-md border">
            {calls.map((each) => (
              <CallLine key={each.id} call={each} />
            ))}
          </ul>
        </>
      ) : (
        <p role="status" className="flex items-center gap-2 text-muted">
          <Spinner />
          {lost ?? "Waiting for the first call …"}
        </p>
      )}
      {test.error && <Notice kind="error">{toProblem(test.error).message}</Notice>}
      {test.data && test.data.error_message !== "" && (
        <Notice kind="warning">
          The test call failed: <SafeText maxLength={300}>{test.data.error_message}</SafeText>
        </Notice>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {first ? (
          <Link
            to="/calls"
            search={{ server_id: [server.id] }}
            className="inline-flex h-8 items-center rounded-md bg-accent-solid px-3 font-medium text-on-accent hover:bg-accent-solid-hover"
          >
            Show all calls
          </Link>
        ) : (
          <Button busy={test.isPending} icon="play" onClick={() => test.mutate()}>
            Send a test call
          </Button>
        )}
      </div>
    </div>
  );
}

function CallLine({ call: each }: { call: WireCall }) {
  return (
    <li>
      <Link
        to="/calls/$callId"
        params={{ callId: each.id }}
        className="flex items-center gap-2 px-3 py-1.5 hover:bg-hover"
      >
        <StatusMark status={each.status} />
        <SafeText className="font-mono text-sm" maxLength={60}>
          {each.method}
        </SafeText>
        <SafeText
          className="min-w-0 flex-1 truncate text-muted"
          maxLength={80}
          empty={<span className="flex-1" />}
        >
          {each.tool_name || each.client_name}
        </SafeText>
        <span className="whitespace-nowrap text-muted tabular-nums">
          {duration(each.duration_ms)}
        </span>
        <TimeText at={each.created_at} className="w-20 text-right whitespace-nowrap text-faint" />
      </Link>
    </li>
  );
}

const shownMax = 5;

/** The newest calls of the server, kept up to date; and what keeps us from hearing of new ones. */
function useCallsOf(serverId: string): { calls: readonly WireCall[]; lost: string | undefined } {
  const [calls, setCalls] = useState<readonly WireCall[]>([]);
  const [lost, setLost] = useState<string>();
  useEffect(() => {
    const leave = new AbortController();
    const { signal } = leave;
    const query = { server_id: serverId };
    const add = (more: readonly WireCall[]) => setCalls((known) => newest([...more, ...known]));
    const events = {
      // Asked for once the stream has begun, so that no call falls between the two.
      onOpen: () => {
        setLost(undefined);
        const asked = call<WireCallList>("/mcp/calls", {
          query: { ...query, limit: shownMax },
          signal,
        });
        asked.then(
          ({ data }) => add(data),
          (cause: unknown) => !signal.aborted && setLost(toProblem(cause).message),
        );
      },
      onCall: (each: WireCall) => add([each]),
      onLost: ({ message }: { readonly message: string }) => setLost(message),
    };
    void followCalls(query, events, signal);
    return () => leave.abort();
  }, [serverId]);
  return { calls, lost };
}

function newest(calls: readonly WireCall[]): readonly WireCall[] {
  const byId = new Map(calls.map((each) => [each.id, each]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, shownMax);
}
