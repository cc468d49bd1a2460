/**
 * The tools of the demo server: one that answers at once, one with a structured answer, one that takes its time and tells of
 * it, one that fails as tools do, and one that fails as protocols do.
 *
 * In: arguments as they came. Out: a result of `tools/call`, or an error. Bounds: `stepsMax` steps of `stepMs`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { asRecord } from "../message.ts";

export type DemoOutcome =
  | { readonly result: Readonly<Record<string, unknown>> }
  | { readonly error: { readonly code: number; readonly message: string } };

export interface DemoTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, boolean>>;
}

/** Tells how far a tool got. */
export type TellProgress = (progress: number, total: number, message: string) => void;

const stepsMax = 20;
const stepMs = 250;
const textMaxLength = 10_000;

const text = { type: "string", maxLength: textMaxLength };
const number = { type: "number" };
const harmless = { readOnlyHint: true, openWorldHint: false };

export const demoTools: readonly DemoTool[] = [
  {
    name: "echo",
    title: "Echo",
    description: "Says what it is told",
    inputSchema: objectOf({ text }, ["text"]),
    annotations: harmless,
  },
  {
    name: "add",
    title: "Add",
    description: "Adds two numbers",
    inputSchema: objectOf({ a: number, b: number }, ["a", "b"]),
    outputSchema: objectOf({ sum: number }, ["sum"]),
    annotations: harmless,
  },
  {
    name: "count_slowly",
    title: "Count slowly",
    description: `Counts to a number, a quarter of a second each, and tells of its progress`,
    inputSchema: objectOf({ to: { type: "integer", minimum: 1, maximum: stepsMax } }, []),
    annotations: harmless,
  },
  {
    name: "draw_lots",
    title: "Draw lots",
    description: "Draws a lot, and never wins: fails as a tool fails",
    inputSchema: objectOf({}, []),
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  },
  {
    name: "break_down",
    title: "Break down",
    description: "Answers with an error of the protocol in place of a result",
    inputSchema: objectOf({}, []),
    annotations: harmless,
  },
];

export async function callDemoTool(
  params: unknown,
  tell: TellProgress,
  signal: AbortSignal,
): Promise<DemoOutcome> {
  const { name, arguments: given } = asRecord(params) ?? {};
  const asked = asRecord(given) ?? {};
  switch (name) {
    case "echo":
      return typeof asked.text === "string"
        ? say(asked.text.slice(0, textMaxLength))
        : complain("text must be a string");
    case "add":
      return add(asked.a, asked.b);
    case "count_slowly":
      return countSlowly(asked.to, tell, signal);
    case "draw_lots":
      return complain("a blank again; there is no winning lot in this box");
    case "break_down":
      return {
        error: { code: -32_603, message: "the demo server breaks down when it is told to" },
      };
    default:
      return { error: { code: -32_602, message: "there is no such tool" } };
  }
}

function add(a: unknown, b: unknown): DemoOutcome {
  if (typeof a !== "number" || typeof b !== "number") return complain("a and b must be numbers");
  const { result } = say(`${a} + ${b} = ${a + b}`);
  return { result: { ...result, structuredContent: { sum: a + b } } };
}

async function countSlowly(
  to: unknown,
  tell: TellProgress,
  signal: AbortSignal,
): Promise<DemoOutcome> {
  const total = typeof to === "number" && to >= 1 ? Math.min(Math.trunc(to), stepsMax) : 5;
  for (let step = 1; step <= total; step += 1) {
    await sleep(stepMs, undefined, { signal });
    tell(step, total, `counted to ${step}`);
  }
  return say(`${total}, and it took ${(total * stepMs) / 1_000} s`);
}

function say(words: string) {
  return { result: { content: [{ type: "text", text: words }] } };
}

function complain(words: string): DemoOutcome {
  return { result: { ...say(words).result, isError: true } };
}

function objectOf(properties: Readonly<Record<string, unknown>>, required: readonly string[]) {
  return { type: "object", properties, required, additionalProperties: false };
}
