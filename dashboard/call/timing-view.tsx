/** Where the time of a call went: its phases, what the server asked meanwhile, what travelled, and what we added. */
import { useQuery } from "@tanstack/react-query";
import type { WireCall } from "../../src/api/wire.ts";
import { duration, fineDuration } from "../time.ts";
import { SafeText } from "../ui/safe-text.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { childrenQuery, messagesQuery } from "./call-query.ts";
import { type Phase, phasesOf } from "./phases.ts";

const rowsMax = 100;

export function TimingView({ call }: { call: WireCall }) {
  const { data: messages } = useQuery(messagesQuery(call.id));
  const { data: children } = useQuery(childrenQuery(call.id));
  const startMs = Date.parse(call.created_at);
  const totalMs = Math.max(call.duration_ms, 1);
  const spans: Phase[] = [
    ...phasesOf(call),
    ...(children ?? []).map((child) => {
      const fromMs = Date.parse(child.created_at) - startMs;
      const toMs = fromMs + child.duration_ms;
      return { name: child.method, fromMs, toMs, className: "bg-timeout-mark" };
    }),
  ];
  const marks = (messages?.data ?? []).slice(0, rowsMax);
  return (
    <div className="flex flex-col gap-4 p-4">
      <p className="text-muted">
        From <TimeText at={call.created_at} form="full" />, {duration(call.duration_ms)} in all
        {call.timings && <>, {fineDuration(call.timings.overhead_ms)} of it added by the proxy</>}
      </p>
      <ol aria-label="Phases" className="flex flex-col gap-2">
        {spans.slice(0, rowsMax).map((span, at) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: phases have no name of their own and keep their place
            key={at}
            className="grid grid-cols-[minmax(7rem,12rem)_minmax(0,1fr)_4.5rem] items-center gap-3"
          >
            <span className="truncate">
              <SafeText maxLength={80}>{span.name}</SafeText>
            </span>
            <Track span={span} totalMs={totalMs} />
            <span className="text-right text-sm">
              {fineDuration(Math.max(0, span.toMs - span.fromMs))}
            </span>
          </li>
        ))}
        {marks.length > 0 && (
          <li className="grid grid-cols-[minmax(7rem,12rem)_minmax(0,1fr)_4.5rem] items-center gap-3">
            <span>Messages</span>
            <span className="relative h-3 rounded-sm bg-sunken">
              {marks.map(({ offset_ms }, at) => (
                <span
                  // biome-ignore lint/suspicious/noArrayIndexKey: messages keep their place
                  key={at}
                  className="absolute inset-y-0 w-0.5 bg-text"
                  style={{ left: `${share(offset_ms, totalMs)}%` }}
                />
              ))}
            </span>
            <span className="text-right text-sm">{messages?.data.length}</span>
          </li>
        )}
      </ol>
      {note(call) !== "" && <p className="text-sm text-muted">{note(call)}</p>}
    </div>
  );
}

/** Why there is no more to see. */
function note({ timings, direction }: WireCall): string {
  if (direction === "server")
    return "The server asked for this on a connection that stood already.";
  if (!timings) return "This call did not go to the server, or its phases were not measured.";
  const stood = timings.dns_ms === null && timings.connect_ms === null;
  return stood ? "The connection to the server stood already." : "";
}

function Track({ span, totalMs }: { span: Phase; totalMs: number }) {
  const left = share(span.fromMs, totalMs);
  const width = Math.max(share(span.toMs, totalMs) - left, 0.4);
  return (
    <span className="relative h-3 overflow-hidden rounded-sm bg-sunken">
      <span
        className={`absolute inset-y-0 rounded-sm ${span.className}`}
        style={{ left: `${Math.min(left, 99.6)}%`, width: `${width}%` }}
      />
    </span>
  );
}

function share(ms: number, totalMs: number): number {
  return Math.min(Math.max((ms / totalMs) * 100, 0), 100);
}
