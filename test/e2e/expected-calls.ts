/**
 * What the log must say, worked out from the bytes that a client saw: an oracle that shares no code
 * with the product.
 *
 * In: the exchanges of one client, in order of their start. Out: one expectation for each request,
 * notification and exchange that was no JSON-RPC; a field is absent where the bytes leave it open.
 * GET streams themselves are left out, but not what they carried: they end with the client and have
 * tests of their own.
 */
import type { CallRow } from "./api.ts";
import { clientName, clientVersion } from "./clients.ts";
import type { WireExchange } from "./wire.ts";

export interface ExpectedCall {
  /** The message that made the call; undefined for what was none. */
  readonly message?: Message;
  readonly row: Partial<CallRow>;
  /** What the server asked this for; null for nothing, undefined where the bytes do not tell. */
  readonly parent: Message | null | undefined;
  /** The first of the rounds that this is one of. */
  readonly firstRound?: Message;
  readonly inSession: boolean;
  /** The notifications that came on the call's stream, in order. */
  readonly notifications: readonly string[];
  /** By the client's clock. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export interface Message {
  /** The very bytes. */
  readonly text: string;
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly protocolVersion?: string;
    readonly requestState?: string;
    readonly inputResponses?: object;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
  readonly result?: {
    readonly resultType?: CallRow["result_type"];
    readonly requestState?: string;
    readonly isError?: boolean;
    readonly content?: readonly { readonly text?: string }[];
  };
  readonly error?: { readonly code: number; readonly message: string };
}

interface Heard {
  readonly message: Message;
  readonly exchange: WireExchange;
}

export function expectedCalls(exchanges: readonly WireExchange[]): readonly ExpectedCall[] {
  const said = exchanges.flatMap((exchange) =>
    askedIn(exchange).map((message) => ({ message, exchange })),
  );
  const answers = said.filter(({ message }) => message.method === undefined);
  const firstRounds = firstRoundsOf(exchanges);
  return exchanges.flatMap((exchange) => {
    const asked = askedIn(exchange);
    const told = answerMessages(exchange);
    const isPlain = asked.length === 0 && exchange.method !== "GET";
    return [
      ...(isPlain ? [plainExchange(exchange)] : []),
      ...asked
        .filter(({ method }) => method !== undefined)
        .map((message) => ({
          ...ofClient({ message, exchange }, told),
          firstRound: firstRounds.get(message) ?? message,
        })),
      ...told
        .filter(({ method, id }) => method !== undefined && id !== undefined)
        .map((message) => ({
          ...ofServer({ message, exchange }, answers),
          parent: exchange.method === "GET" ? undefined : (soleRequest(asked) ?? null),
        })),
    ];
  });
}

/** A request of the server can be for the one request of its exchange. */
function soleRequest(asked: readonly Message[]): Message | undefined {
  const requests = asked.filter(({ id, method }) => id !== undefined && method !== undefined);
  return requests.length === 1 ? requests[0] : undefined;
}

/** The first round of each later one. */
function firstRoundsOf(exchanges: readonly WireExchange[]): ReadonlyMap<Message, Message> {
  const firstRounds = new Map<Message, Message>();
  const waiting = new Map<string, Message>();
  for (const exchange of exchanges) {
    for (const message of askedIn(exchange)) {
      const key = (state = "") => `${message.method} ${message.params?.name} ${state}`;
      const { requestState, inputResponses } = message.params ?? {};
      const goesOn = requestState !== undefined || inputResponses !== undefined;
      const first = goesOn ? waiting.get(key(requestState)) : undefined;
      if (first) firstRounds.set(message, first);
      const answer = answerMessages(exchange).find(({ id }) => id === message.id)?.result;
      if (answer?.resultType !== "input_required") continue;
      waiting.set(key(answer.requestState), first ?? message);
    }
  }
  return firstRounds;
}

function plainExchange(exchange: WireExchange): ExpectedCall {
  const { method, requestBody, responseBody, status } = exchange;
  return {
    ...span(exchange, exchange),
    parent: null,
    row: {
      kind: "http",
      direction: "client",
      method,
      tool_name: "",
      rpc_id: null,
      request_body: requestBody,
      response_body: responseBody,
      status_code: status,
      // Also what was no JSON-RPC may be answered with an error that is.
      ...verdict(jsonMessages(responseBody)[0], status),
    },
    notifications: [],
  };
}

function ofClient({ message, exchange }: Heard, told: readonly Message[]): ExpectedCall {
  const isRequest = message.id !== undefined;
  // An error may come without an id: then it is about the whole exchange.
  const own = told.find(({ id, method }) => method === undefined && id === message.id);
  const answer = isRequest
    ? (own ?? told.find(({ id, error }) => id === null && error))
    : undefined;
  return {
    ...span(exchange, exchange),
    message,
    parent: null,
    row: {
      kind: isRequest ? "request" : "notification",
      direction: "client",
      method: message.method ?? "",
      tool_name: message.method === "tools/call" ? (message.params?.name ?? "") : "",
      rpc_id: isRequest ? JSON.stringify(message.id) : null,
      request_body: message.text,
      response_body: answer?.text ?? "",
      status_code: exchange.status,
      ...verdict(answer, exchange.status),
      ...stated(message, exchange),
    },
    notifications: told
      .filter(({ method, id }) => isRequest && method !== undefined && id === undefined)
      .map(({ text }) => text),
  };
}

function ofServer({ message, exchange }: Heard, answers: readonly Heard[]): ExpectedCall {
  const answer = answers.find((one) => one.message.id === message.id);
  if (!answer) throw new Error(`nobody answered the server's ${message.text}`);
  return {
    ...span(exchange, answer.exchange),
    message,
    parent: undefined,
    row: {
      kind: "request",
      direction: "server",
      method: message.method ?? "",
      tool_name: "",
      rpc_id: JSON.stringify(message.id),
      request_body: message.text,
      response_body: answer.message.text,
      status_code: answer.exchange.status,
      ...verdict(answer.message, answer.exchange.status),
    },
    notifications: [],
  };
}

function verdict(answer: Message | undefined, status: number): Partial<CallRow> {
  if (answer?.error) {
    const { code, message } = answer.error;
    const told = { error_code: code, error_message: message, result_type: "" } as const;
    return { status: "error", error_kind: "jsonrpc", ...told };
  }
  const result_type = answer?.result ? (answer.result.resultType ?? "complete") : "";
  if (answer?.result?.isError) {
    const error_message = answer.result.content?.find(({ text }) => text)?.text ?? "";
    return { status: "error", error_kind: "tool", error_code: null, error_message, result_type };
  }
  if (status >= 400) return { status: "error", error_kind: "http", error_code: null };
  return { status: "success", error_kind: "", error_code: null, error_message: "", result_type };
}

/** Who the client is and what it speaks, as far as it says so in this exchange or in its session. */
function stated({ params }: Message, exchange: WireExchange): Partial<CallRow> {
  const meta = params?._meta?.["io.modelcontextprotocol/protocolVersion"];
  const version =
    exchange.requestHeaders["mcp-protocol-version"] ?? meta ?? params?.protocolVersion;
  // The server knows the session no more, and so may the log.
  const isOver = exchange.status === 404;
  const known = meta !== undefined || (isInSession(exchange) && !isOver);
  return {
    ...(typeof version === "string" ? { protocol_version: version } : {}),
    ...(known ? { client_name: clientName, client_version: clientVersion } : {}),
  };
}

function isInSession({ requestHeaders, responseHeaders }: WireExchange): boolean {
  return "mcp-session-id" in requestHeaders || "mcp-session-id" in responseHeaders;
}

function span(first: WireExchange, last: WireExchange) {
  return {
    inSession: isInSession(first),
    startedAtMs: first.startedAtMs,
    endedAtMs: Math.max(first.endedAtMs, last.endedAtMs),
  };
}

const askedBefore = new WeakMap<WireExchange, readonly Message[]>();

/** The same objects each time: they tell messages of the same text apart. */
function askedIn(exchange: WireExchange): readonly Message[] {
  const messages = askedBefore.get(exchange) ?? jsonMessages(exchange.requestBody);
  askedBefore.set(exchange, messages);
  return messages;
}

function answerMessages({ responseHeaders, responseBody }: WireExchange): readonly Message[] {
  const streamed = responseHeaders["content-type"]?.startsWith("text/event-stream");
  return streamed ? events(responseBody).flatMap(jsonMessages) : jsonMessages(responseBody);
}

/** The data of each event. The servers of these tests end lines with LF and write one line of data. */
function events(stream: string): readonly string[] {
  const lines = stream.split("\n").filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length).trimStart());
}

/** One message or a batch of them; none where the text is no JSON-RPC. */
function jsonMessages(text: string): readonly Message[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(value)) {
    return typeof value === "object" && value !== null && "jsonrpc" in value
      ? [{ ...value, text }]
      : [];
  }
  // The clients and servers of these tests write their messages as JSON.stringify does.
  return value.map((member) => ({ ...member, text: JSON.stringify(member) }));
}
