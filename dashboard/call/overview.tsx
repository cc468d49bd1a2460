/** The first look at a call: how it ended, what was asked, what came of it, and the facts around it. */
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import type { WireCall } from "../../src/api/wire.ts";
import { useServersById } from "../servers/servers-query.ts";
import { byteSize, duration } from "../time.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { CodeView } from "./code-view.tsx";
import { memberText } from "./json-member.ts";
import { outcomeOf } from "./outcome.ts";
import { Part, ResultView } from "./result-view.tsx";
import { type ReadCall, readCall } from "./rpc-message.ts";

export function Overview({ call }: { call: WireCall }) {
  const read = useMemo(() => readCall(call), [call]);
  const outcome = outcomeOf(call);
  const asked = read.arguments ?? read.params;
  return (
    <div className="flex flex-col gap-5 p-4">
      {outcome.meaning !== undefined && (
        <Notice kind={noticeOf(call)}>
          <p className="font-medium">
            {outcome.title}
            {call.error_code !== null && ` ${call.error_code}`}
            {call.error_kind === "http" && call.status_code > 0 && ` ${call.status_code}`}
          </p>
          <SafeText multiline maxLength={2_000}>
            {call.error_message}
          </SafeText>
          <p className="mt-1 text-sm opacity-90">{outcome.meaning}</p>
        </Notice>
      )}
      {call.header_mismatches.length > 0 && (
        <Notice kind="warning">
          Header fields that disagree with the body: {call.header_mismatches.join(", ")}. Servers of
          2026-07-28 must refuse this.
        </Notice>
      )}
      {asked && Object.keys(asked).length > 0 && <AskedView call={call} read={read} />}
      <ResultView read={read} responseBody={call.response_body} />
      <Part title="Facts">
        <Facts call={call} />
      </Part>
    </div>
  );
}

function AskedView({ call, read }: { call: WireCall; read: ReadCall }) {
  const [label, path] = read.arguments
    ? (["Arguments", ["params", "arguments"]] as const)
    : (["Parameters", ["params"]] as const);
  return <CodeView label={label} text={memberText(call.request_body ?? "", path) ?? ""} />;
}

function noticeOf({ status }: WireCall): "error" | "warning" | "hint" {
  if (status === "timeout") return "warning";
  return status === "error" ? "error" : "hint";
}

function Facts({ call }: { call: WireCall }) {
  const servers = useServersById();
  const { client_name: client, client_version: version, session_id: session } = call;
  return (
    <dl className="grid grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      <Fact name="Started">
        <TimeText at={call.created_at} form="full" />
      </Fact>
      <Fact name="Duration">
        {duration(call.duration_ms)}
        {call.ttfb_ms !== null && (
          <span className="text-muted">, first byte after {duration(call.ttfb_ms)}</span>
        )}
      </Fact>
      <Fact name="Server">
        <Link to="/calls" search={{ server_id: [call.mcp_server_id] }} className={linked}>
          <SafeText maxLength={200} empty="Unknown">
            {servers.get(call.mcp_server_id)?.name ?? call.mcp_server_id}
          </SafeText>
        </Link>
      </Fact>
      <Fact name="Client">
        {client === null ? (
          <span className="text-faint">It did not say</span>
        ) : (
          <Link to="/calls" search={{ client_name: [client] }} className={linked}>
            <SafeText maxLength={200}>{client}</SafeText>{" "}
            <SafeText maxLength={60}>{version}</SafeText>
          </Link>
        )}
      </Fact>
      {session !== null && (
        <Fact name="Session">
          <Link to="/sessions/$sessionId" params={{ sessionId: session }} className={linked}>
            <span className="font-mono text-sm">{session.slice(0, 12)}</span>
          </Link>
        </Fact>
      )}
      <Fact name="Address">
        <SafeText maxLength={60} empty="–">
          {call.source_ip}
        </SafeText>
      </Fact>
      <Fact name="Protocol">
        <SafeText maxLength={60} empty="Unknown">
          {call.protocol_version}
        </SafeText>
      </Fact>
      <Fact name="Status">HTTP {call.status_code || "–"}</Fact>
      <Fact name="Size">
        {byteSize(call.request_bytes)} sent, {byteSize(call.response_bytes)} received
      </Fact>
      <Relatives call={call} />
      <Fact name="Call">
        <span className="flex items-center gap-1">
          <code className="truncate font-mono text-sm">{call.id}</code>
          <CopyButton text={call.id} label="Copy id" />
        </span>
      </Fact>
    </dl>
  );
}

/** Other calls that this one belongs to. */
function Relatives({ call }: { call: WireCall }) {
  const { replay_of: replayed, parent_id: parent, logical_id: logical, trace_id: trace } = call;
  return (
    <>
      {replayed !== null && (
        <Fact name="Replay of">
          <CallLink id={replayed} />
        </Fact>
      )}
      {parent !== null && (
        <Fact name="Asked inside">
          <CallLink id={parent} />
        </Fact>
      )}
      {logical !== call.id && (
        <Fact name="First round">
          <CallLink id={logical} />
        </Fact>
      )}
      {trace !== null && (
        <Fact name="Trace">
          <code className="font-mono text-sm break-all">{trace}</code>
        </Fact>
      )}
    </>
  );
}

export function CallLink({ id }: { id: string }) {
  return (
    <Link to="/calls/$callId" params={{ callId: id }} className={linked}>
      <span className="font-mono text-sm">{id}</span>
    </Link>
  );
}

export const linked = "text-accent underline-offset-2 hover:underline";

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}
