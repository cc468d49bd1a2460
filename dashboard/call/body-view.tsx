/** One body of a call, as it is in the log: laid out, or to the letter. */
import type { WireCall } from "../../src/api/wire.ts";
import { byteSize } from "../time.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { Notice } from "../ui/notice.tsx";
import { CodeView } from "./code-view.tsx";

export interface BodyViewProps {
  readonly call: WireCall;
  readonly side: "request" | "response";
  readonly formatted?: boolean;
}

export function BodyView({ call, side, formatted = true }: BodyViewProps) {
  const text = side === "request" ? call.request_body : call.response_body;
  const bytes = side === "request" ? call.request_bytes : call.response_bytes;
  const truncated = side === "request" ? call.request_truncated : call.response_truncated;
  if (text === null) {
    return (
      <EmptyState icon="key" title="Not for you to see">
        Your role, or your key, shows what calls were and not what they said.
      </EmptyState>
    );
  }
  if (text === "" && !truncated) {
    return (
      <EmptyState icon="calls" title={`No ${side} body`}>
        {bytes === 0 ? "Nothing was sent." : `${byteSize(bytes)} passed and were not kept.`}
      </EmptyState>
    );
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3 p-4">
      {truncated && (
        <Notice kind="warning">
          The log holds the first {byteSize(new Blob([text]).size)} of {byteSize(bytes)}. What
          passed was never cut.
        </Notice>
      )}
      <CodeView
        fill
        label={side === "request" ? "Request" : "Response"}
        text={text}
        formatted={formatted}
      />
    </div>
  );
}
