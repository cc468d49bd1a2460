/**
 * One JSON-RPC message to an MCP server and what comes back, for what the host itself asks: an answer as JSON, or the
 * one event of a stream that is the answer.
 *
 * In: a message and a way to send it. Out: the head of the answer, and the JSON-RPC response if there was one. Bounds:
 * the way's signal for time, its `bytesLeft` for all bodies read on it.
 */
import { createParser } from "eventsource-parser";
import { parseMessages, type ResponseMessage } from "../message.ts";
import { Problem } from "../problem.ts";

/** How messages get to one server. */
export interface Way {
  send(request: WayRequest): Promise<WayAnswer>;
  readonly signal: AbortSignal;
  /** Bytes of answers that may still be read. */
  bytesLeft: number;
}

export interface WayRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface WayAnswer {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Reply {
  readonly statusCode: number;
  readonly headers: WayAnswer["headers"];
  /** Undefined when what came is no answer to what was asked. */
  readonly response: ResponseMessage | undefined;
}

export interface Outgoing {
  /** Absent for a notification. */
  readonly id?: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Rejects when there is no whole answer, or with a `Problem` of code `payload_too_large`. */
export async function exchange(
  way: Way,
  { id, method, params }: Outgoing,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  const answer = await way.send({
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", ...(id !== undefined && { id }), method, params }),
    signal: way.signal,
  });
  const response = await readResponse(way, answer, JSON.stringify(id));
  return { statusCode: answer.statusCode, headers: answer.headers, response };
}

/** The first event of a stream: its name and what it says; undefined when none comes. */
export async function firstEvent(
  way: Way,
  answer: WayAnswer,
): Promise<{ readonly name: string; readonly text: string } | undefined> {
  for await (const event of readEvents(way, answer)) return event;
  return undefined;
}

export function fieldOf({ headers }: Pick<WayAnswer, "headers">, name: string): string {
  const value = headers[name] ?? "";
  return typeof value === "string" ? value : value.join(", ");
}

export function isEventStream(answer: Pick<WayAnswer, "headers">): boolean {
  return fieldOf(answer, "content-type").toLowerCase().startsWith("text/event-stream");
}

async function readResponse(
  way: Way,
  answer: WayAnswer,
  id: string | undefined,
): Promise<ResponseMessage | undefined> {
  if (!isEventStream(answer)) return findResponse(await readText(way, answer), id);
  for await (const { text } of readEvents(way, answer)) {
    const response = findResponse(text, id);
    // The rest of the stream is not waited for.
    if (response) return response;
  }
  return undefined;
}

/** An error of HTTP often carries another id than the request's, or none. */
function findResponse(text: string, id: string | undefined): ResponseMessage | undefined {
  const parsed = parseMessages(text);
  if (parsed.kind !== "messages") return undefined;
  return parsed.messages
    .filter((message) => message.kind === "response")
    .find((message) => message.id === id || message.error !== undefined);
}

async function readText(way: Way, { body }: WayAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(spend(way, chunk));
  return Buffer.concat(chunks).toString();
}

async function* readEvents(way: Way, { body }: WayAnswer) {
  const decoder = new TextDecoder();
  const events: { readonly name: string; readonly text: string }[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", data }) => events.push({ name: event, text: data }),
  });
  for await (const chunk of body) {
    parser.feed(decoder.decode(spend(way, chunk), { stream: true }));
    yield* events.splice(0);
  }
}

/** @throws Problem `payload_too_large` — that is more than `answersMaxBytes` in all. */
export function spend(way: Pick<Way, "bytesLeft">, chunk: Uint8Array): Uint8Array {
  way.bytesLeft -= chunk.byteLength;
  if (way.bytesLeft >= 0) return chunk;
  throw new Problem("payload_too_large", "the server answers with more than is read of it");
}
