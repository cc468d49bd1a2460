/** How a call ended, in words that tell apart whose fault it was. */
import type { WireCall } from "../../src/api/wire.ts";
import { duration } from "../time.ts";
import type { Tone } from "../ui/badge.tsx";
import { visibleText } from "../visible-text.ts";

export interface Outcome {
  readonly tone: Tone;
  /** Two or three words. */
  readonly title: string;
  /** What that means, and for whom; undefined when there is nothing to explain. */
  readonly meaning: string | undefined;
}

type Failed = Exclude<WireCall["error_kind"], "">;

const failures: Readonly<Record<Failed, Omit<Outcome, "tone">>> = {
  tool: {
    title: "Tool error",
    meaning: "The tool ran and says that it failed. The model was shown this answer.",
  },
  jsonrpc: {
    title: "Protocol error",
    meaning:
      "The server answered with a JSON-RPC error in place of a result: the tool did not run to its end.",
  },
  http: {
    title: "HTTP error",
    meaning: "The server refused the HTTP request; there is no MCP answer.",
  },
  transport: {
    title: "Broken connection",
    meaning: "The connection to the server failed before the answer was whole.",
  },
  timeout: {
    title: "Timeout",
    meaning: "The server was silent for too long, and HookWatch ended the exchange.",
  },
  cancelled: {
    title: "Cancelled",
    meaning: "The client called it off or left before the answer came.",
  },
  policy: {
    title: "Refused by HookWatch",
    meaning: "The request never reached the server.",
  },
};

export function outcomeOf(call: WireCall): Outcome {
  const { status, error_kind: kind, result_type: result } = call;
  if (status === "success") {
    if (result === "input_required") {
      const meaning =
        "The server needs more input; the client asks again with it, as a round of its own.";
      return { tone: "accent", title: "Input required", meaning };
    }
    if (result === "task") {
      const meaning = "The server goes on with it as a task, which is asked for later.";
      return { tone: "accent", title: "Became a task", meaning };
    }
    return { tone: "success", title: "Success", meaning: undefined };
  }
  if (status === "timeout") return { tone: "timeout", ...failures.timeout };
  return { tone: "error", ...failures[kind === "" ? "http" : kind] };
}

/** What was called, for titles and labels. */
export function nameOf({ tool_name: tool, method }: WireCall): string {
  return visibleText((tool || method).slice(0, 80));
}

/** `Tool error after 340 ms` */
export function outcomeLine(call: WireCall): string {
  return `${outcomeOf(call).title} after ${duration(call.duration_ms)}`;
}
