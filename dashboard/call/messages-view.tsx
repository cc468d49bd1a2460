/** What else travelled while a call ran: progress, log messages, and requests of the server with their answers. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { WireCall, WireCallMessages } from "../../src/api/wire.ts";
import { duration } from "../time.ts";
import { StatusMark } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { Icon } from "../ui/icon.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { childrenQuery, messagesQuery } from "./call-query.ts";
import { CodeView } from "./code-view.tsx";
import { CallLink } from "./overview.tsx";
import { Part } from "./result-view.tsx";
import { parseObject, textOf, toFields } from "./rpc-message.ts";

type Message = WireCallMessages["data"][number];

const shownStep = 100;

export function MessagesView({ call }: { call: WireCall }) {
  const { data, error, refetch } = useQuery(messagesQuery(call.id));
  const { data: children = [] } = useQuery(childrenQuery(call.id));
  const [shown, setShown] = useState(shownStep);
  if (error) {
    return (
      <Failure title="The messages cannot be shown" cause={error} retry={() => void refetch()} />
    );
  }
  if (!data) return <SkeletonLines label="Loading messages" />;
  if (data.data.length === 0 && children.length === 0) {
    return (
      <EmptyState icon="calls" title="No other messages">
        Nothing but the request and its answer travelled: no progress, no log message, no question
        of the server.
      </EmptyState>
    );
  }
  return (
    <div className="flex flex-col gap-5 p-4">
      {children.length > 0 && (
        <Part title="Asked by the server meanwhile">
          <ul className="divide-y rounded-md border bg-surface">
            {children.map((child) => (
              <li key={child.id} className="flex flex-wrap items-center gap-2 px-3 py-2">
                <StatusMark status={child.status} />
                <SafeText maxLength={100} className="font-mono text-sm">
                  {child.method}
                </SafeText>
                <span className="text-muted">{duration(child.duration_ms)}</span>
                <CallLink id={child.id} />
              </li>
            ))}
          </ul>
        </Part>
      )}
      {data.data.length > 0 && (
        <Part title={`Messages (${data.data.length})`}>
          <ol className="divide-y rounded-md border bg-surface">
            {data.data.slice(0, shown).map((message, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: messages have no name and keep their place
              <MessageLine key={at} message={message} />
            ))}
          </ol>
          {shown < data.data.length && (
            <Button size="sm" onClick={() => setShown(shown + shownStep)}>
              Show more
            </Button>
          )}
        </Part>
      )}
    </div>
  );
}

function MessageLine({ message }: { message: Message }) {
  const [open, setOpen] = useState(false);
  const { method, gist } = gistOf(message.body);
  const fromServer = message.direction === "server";
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        className="flex w-full items-baseline gap-2 px-3 py-1.5 text-left hover:bg-hover"
        onClick={() => setOpen(!open)}
      >
        <span className="w-16 shrink-0 text-right font-mono text-sm text-muted">
          +{message.offset_ms} ms
        </span>
        <span
          className="shrink-0 self-center text-muted"
          title={fromServer ? "From the server" : "From the client"}
        >
          <Icon name={fromServer ? "arrowLeft" : "arrowRight"} className="size-3" />
        </span>
        <SafeText maxLength={80} className="shrink-0 font-mono text-sm">
          {method}
        </SafeText>
        <span className="min-w-0 truncate text-muted">
          <SafeText maxLength={300}>{gist}</SafeText>
        </span>
      </button>
      {open && (
        <div className="px-3 pb-3">
          <CodeView label="Message" text={message.body} />
        </div>
      )}
    </li>
  );
}

/** What a message is, and what it says in a line. */
function gistOf(body: string): { readonly method: string; readonly gist: string } {
  const message = parseObject(body);
  const method = textOf(message?.method);
  const params = toFields(message?.params);
  if (method === "notifications/progress") {
    const { progress, total, message: words } = params ?? {};
    const done = typeof total === "number" ? `${progress} of ${total}` : `${progress}`;
    return { method: "progress", gist: [done, textOf(words)].filter(Boolean).join(": ") };
  }
  if (method === "notifications/message") {
    const { level, data } = params ?? {};
    return { method: textOf(level) || "log", gist: textOf(data) || JSON.stringify(data ?? "") };
  }
  return {
    method: method || "message",
    gist: params ? JSON.stringify(params).slice(0, 300) : body.slice(0, 300),
  };
}
