/** The calls that are sent and how they are answered: small and large, as JSON and as an event stream. */
import { randomOf } from "../random.ts";
import { proseOf } from "../sample-text.ts";

export const kinds = ["json", "sse", "json-16k", "json-100k", "sse-100k"] as const;
export type Kind = (typeof kinds)[number];

export interface Exchange {
  readonly request: string;
  /** As JSON, or as one event in which it stands. */
  readonly answer: string;
  readonly type: "application/json" | "text/event-stream";
}

/** A whole number of so many digits may stand in for the request's id. */
export const idDigits = 9;
const id = 1e9 - 1;

export function exchangeOf(kind: Kind): Exchange {
  const size = /-(\d+)k$/.exec(kind)?.[1];
  const bytes = size === undefined ? undefined : Number(size) * 1_024;
  const request = JSON.stringify({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name: "echo", arguments: { text: textOf(bytes === undefined ? 290 : bytes - 120) } },
  });
  const message = JSON.stringify({
    jsonrpc: "2.0",
    id,
    result: { content: [{ type: "text", text: textOf(bytes === undefined ? 920 : bytes - 90) }] },
  });
  return kind.startsWith("sse")
    ? { request, answer: `event: message\ndata: ${message}\n\n`, type: "text/event-stream" }
    : { request, answer: message, type: "application/json" };
}

/** Without what would end a string of a configuration file. */
function textOf(length: number): string {
  return proseOf(length, randomOf(3))
    .replaceAll(/[^\w ]/g, " ")
    .slice(0, length);
}
