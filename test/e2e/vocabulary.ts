/** What each server of the tests calls the things that scenarios need. */
import type { Signals } from "./signals.ts";

export type ToolCall = readonly [name: string, args: Readonly<Record<string, unknown>>];

export interface Vocabulary {
  readonly echo: (text: string) => ToolCall;
  readonly add: (a: number, b: number) => ToolCall;
  readonly fail: ToolCall;
  /** Announces three steps before it answers. */
  readonly progress: ToolCall;
  /** Runs until it is cancelled, or for long. */
  readonly slow: (label: string) => ToolCall;
  /** Asks the client's model. */
  readonly sample: ToolCall;
  /** Asks the client's user. */
  readonly ask: ToolCall;
  readonly resource: string;
  readonly prompt: readonly [name: string, args: Readonly<Record<string, string>>];
  readonly refusedPrompt: string;
  // What only some servers have:
  readonly big?: (bytes: number) => ToolCall;
  /** Sends two log messages before it answers. */
  readonly log?: ToolCall;
  /** Changes the list of tools. */
  readonly announce?: ToolCall;
  /** Asks for the client's roots soon after the handshake, then logs that it did. */
  readonly asksForRoots?: true;
  /** `started <label>` and `cancelled <label>` of the slow tool. */
  readonly signals?: Signals;
}

export function upstreamWords(signals: Signals): Vocabulary {
  return {
    echo: (text) => ["echo", { text }],
    add: (a, b) => ["add", { a, b }],
    fail: ["fail", {}],
    progress: ["progress", { steps: 3 }],
    slow: (label) => ["slow", { label }],
    sample: ["sample", {}],
    ask: ["ask", {}],
    resource: "test://greeting",
    prompt: ["welcome", { name: "Ada" }],
    refusedPrompt: "refuse",
    big: (bytes) => ["big", { bytes }],
    log: ["log", {}],
    announce: ["announce", {}],
    signals,
  };
}

export const everythingWords: Vocabulary = {
  echo: (message) => ["echo", { message }],
  add: (a, b) => ["get-sum", { a, b }],
  fail: ["get-structured-content", { location: "Atlantis" }],
  progress: ["trigger-long-running-operation", { duration: 0.06, steps: 3 }],
  slow: () => ["trigger-long-running-operation", { duration: 5, steps: 1 }],
  sample: ["trigger-sampling-request", { prompt: "2 + 2?" }],
  ask: ["trigger-elicitation-request", {}],
  resource: "demo://resource/static/document/features.md",
  prompt: ["args-prompt", { city: "Oslo" }],
  refusedPrompt: "args-prompt",
  asksForRoots: true,
};
