/**
 * Sends a recorded request again, edited or not: what that may do is said first, what became of it after.
 *
 * The answer of the API names the call that the request becomes; it is in the list once it has ended, so the list is
 * asked for it until then, `followMaxMs` at most.
 */
import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import type { WireCall, WireCallList } from "../../src/api/wire.ts";
import { call as ask } from "../api.ts";
import { Problem, toProblem } from "../problem.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextArea, TextField } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { Select } from "../ui/select.tsx";
import { Spinner } from "../ui/spinner.tsx";
import { formatJson } from "./json-format.ts";
import { memberText } from "./json-member.ts";
import { nameOf, outcomeLine } from "./outcome.ts";
import { readCall } from "./rpc-message.ts";
import { type ToolEffect, toolEffectQuery } from "./tool-hints.ts";

const followMaxMs = 600_000;
const followEveryMs = 500;
/** A call's id holds when it was sent; the call itself begins a moment later, or by another count a moment before. */
const slackMs = 2_000;
/** Calls of the server since then. */
const lookedThrough = 100;

/** Lines of the text that are shown. */
const rowsMin = 5;
const rowsMax = 16;

type Edited = "arguments" | "message";

export function ReplayDialog({ call, onClose }: { call: WireCall; onClose: () => void }) {
  const cancel = useRef<HTMLButtonElement>(null);
  const draft = useDraft(call);
  const replay = useMutation({
    mutationFn: () =>
      ask<{ readonly call_id: string }>(`/mcp/calls/${call.id}/replay`, {
        method: "POST",
        body: draft.body(),
      }),
  });
  const { data: effect } = useQuery({
    ...toolEffectQuery(call),
    enabled: call.method === "tools/call",
  });
  const sent = replay.data?.call_id;
  return (
    <Dialog
      open
      wide
      initialFocus={cancel}
      onClose={onClose}
      title={`Send ${nameOf(call)} again`}
      description="It goes through the same proxy URL and is recorded as a call of its own."
      actions={
        sent === undefined ? (
          <>
            <Button ref={cancel} onClick={onClose}>
              Cancel
            </Button>
            <Button
              variant={effect === "destroys" ? "danger" : "primary"}
              busy={replay.isPending}
              disabled={draft.wrong !== undefined}
              onClick={() => replay.mutate()}
            >
              Send again
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>Close</Button>
        )
      }
    >
      {sent === undefined ? (
        <div className="flex flex-col gap-4">
          {call.method === "tools/call" && <EffectNotice effect={effect ?? "unknown"} />}
          <DraftFields call={call} draft={draft} />
          {replay.error && <ReplayProblem cause={replay.error} />}
        </div>
      ) : (
        <Followed callId={sent} original={call} onClose={onClose} />
      )}
    </Dialog>
  );
}

function useDraft(call: WireCall) {
  const body = call.request_body ?? "";
  const recorded = memberText(readCall(call).params ? body : "{}", ["params", "arguments"]);
  const [edited, edit] = useState<Edited>(recorded === undefined ? "message" : "arguments");
  const [argumentsText, setArguments] = useState(formatJson(recorded ?? "{}") ?? "{}");
  const [messageText, setMessage] = useState(formatJson(body) ?? body);
  const [authorization, setAuthorization] = useState("");
  const text = edited === "arguments" ? argumentsText : messageText;
  return {
    ...{ edited, edit, text, authorization, setAuthorization },
    hasArguments: recorded !== undefined,
    setText: edited === "arguments" ? setArguments : setMessage,
    wrong: wrongIn(text),
    /** What is unchanged is left out, so that it is sent to the byte as it was. */
    body: () => ({
      ...(edited === "arguments" &&
        text !== formatJson(recorded ?? "{}") && { arguments: JSON.parse(text) }),
      ...(edited === "message" && text !== formatJson(body) && { request_body: text }),
      ...(authorization !== "" && { headers: { Authorization: authorization } }),
    }),
  };
}

function wrongIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? undefined : "must be a JSON object";
  } catch (cause) {
    return cause instanceof Error ? cause.message : "is no JSON";
  }
}

function DraftFields({ call, draft }: { call: WireCall; draft: ReturnType<typeof useDraft> }) {
  const redacted = draft.text.includes("[redacted:");
  return (
    <>
      {draft.hasArguments && (
        <Select
          label="What to edit"
          value={draft.edited}
          onChange={draft.edit}
          options={[
            { value: "arguments", label: "Edit the arguments" },
            { value: "message", label: "Edit the whole message" },
          ]}
        />
      )}
      {redacted && (
        <Notice kind="warning">
          Secrets were redacted before they were stored. Put values in place of the words that begin
          with “[redacted:”.
        </Notice>
      )}
      <TextArea
        label={draft.edited === "arguments" ? "Arguments" : "Message"}
        rows={Math.min(Math.max(draft.text.split("\n").length, rowsMin), rowsMax)}
        className="font-mono text-sm"
        value={draft.text}
        error={draft.wrong}
        onChange={(event) => draft.setText(event.target.value)}
      />
      <TextField
        label="Authorization"
        type="password"
        placeholder={call.headers?.authorization === undefined ? "None was sent" : "Bearer …"}
        hint="Sent once, never stored. Credentials of the recorded call are not kept."
        value={draft.authorization}
        onChange={(event) => draft.setAuthorization(event.target.value)}
      />
    </>
  );
}

const effects: Readonly<Record<ToolEffect, readonly ["hint" | "warning" | "error", string]>> = {
  reads: ["hint", "The server says that this tool only reads."],
  changes: ["warning", "This tool changes things, and does so again: what it adds is added twice."],
  destroys: [
    "error",
    "This tool may overwrite or delete things, and does so again. Send it only if you know what it will do.",
  ],
  unknown: [
    "warning",
    "The server does not say whether this tool only reads. What it does, it does again.",
  ],
};

function EffectNotice({ effect }: { effect: ToolEffect }) {
  const [kind, words] = effects[effect];
  return <Notice kind={kind}>{words}</Notice>;
}

function ReplayProblem({ cause }: { cause: unknown }) {
  return (
    <Notice kind="error">
      <SafeText multiline>{toProblem(cause).message}</SafeText>
    </Notice>
  );
}

interface FollowedProps {
  readonly callId: string;
  readonly original: WireCall;
  readonly onClose: () => void;
}

/** Null until it has ended. Not asked for by its id, which the API would not know until then. */
function replayedQuery(callId: string, { mcp_server_id: server, direction }: WireCall) {
  const startedMs = Number.parseInt(callId.replaceAll("-", "").slice(0, 12), 16);
  const from = new Date(startedMs - slackMs).toISOString();
  return queryOptions({
    queryKey: ["replayed", callId],
    queryFn: async ({ signal }): Promise<WireCall | null> => {
      const query = { server_id: server, direction, from, limit: lookedThrough };
      const { data } = await ask<WireCallList>("/mcp/calls", { query, signal });
      const found = data.find(({ id }) => id === callId);
      if (found || Date.now() < startedMs + followMaxMs) return found ?? null;
      throw new Problem("timeout", 0, "no answer came; it will be in the list when it comes");
    },
    refetchInterval: ({ state }) => (state.data === null ? followEveryMs : false),
  });
}

function Followed({ callId, original, onClose }: FollowedProps) {
  const navigate = useNavigate();
  const { data: call, error } = useQuery(replayedQuery(callId, original));
  if (error) return <ReplayProblem cause={error} />;
  if (!call) {
    return (
      <p role="status" className="flex items-center gap-2 text-muted">
        <Spinner /> Sent. Waiting for the answer; it will be in the list of calls, too.
      </p>
    );
  }
  const go = (to: () => unknown) => () => {
    onClose();
    to();
  };
  return (
    <div role="status" className="flex flex-col gap-3">
      <p className="flex items-center gap-2">
        <StatusBadge status={call.status} /> {outcomeLine(call)}
      </p>
      <SafeText multiline maxLength={1_000} className="text-muted">
        {call.error_message}
      </SafeText>
      <div className="flex flex-wrap gap-2">
        <Button
          variant="primary"
          onClick={go(() => navigate({ to: "/calls/$callId", params: { callId } }))}
        >
          Open the new call
        </Button>
        <Button
          onClick={go(() => navigate({ to: "/compare", search: { a: original.id, b: callId } }))}
        >
          Compare with the original
        </Button>
      </div>
    </div>
  );
}
