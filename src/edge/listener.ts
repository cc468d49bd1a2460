/**
 * The HTTP server: one socket to listen on, limits on every connection, an orderly end.
 *
 * In: connections. Out: parsed requests to `handle`; what cannot be parsed is answered here and its connection
 * closed. Bounds: `limits.ts`.
 */
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import { invalid, Problem } from "../problem.ts";
import { answerOn, Closing } from "./closing.ts";
import { Connections } from "./connections.ts";
import { requireFree } from "./free-port.ts";
import { Gate } from "./gate.ts";
import { type EdgeLimits, edgeLimits } from "./limits.ts";
import { OrdinaryLines } from "./ordinary-lines.ts";
import { badVersion, type Refusal, refusalText, tooSlow } from "./refusal.ts";
import { connectionsWithin, descriptorsMax, type MemoryUse } from "./resources.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A listening socket that this process was given, instead of a host and a port; it is there after us, too. */
  readonly listenFd?: number;
  /** Threads of this process that listen there, each on a socket of its own: absent: this one alone. */
  readonly listeners?: number;
  /** Another thread of this process listens there already. */
  readonly isListenedOn?: boolean;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes ordinary requests below `/p/`, which are then read by us; absent: Node reads everything. */
  readonly handleOrdinary?: (request: InboundRequest, response: InboundResponse) => void;
  readonly limits?: EdgeLimits;
  /** Open connections from one address, of IPv6 from one /64; absent or 0: no limit. */
  readonly connectionsPerClientMax?: number;
  /** True for an address that stands for many clients, such as a reverse proxy's; this machine's need not be named. */
  readonly isShared?: (address: string) => boolean;
  /** Paths that are answered whatever is scarce. */
  readonly vital?: ReadonlySet<string>;
  /** How much memory is in use; absent: as the system tells. */
  readonly memoryUse?: () => MemoryUse;
}

export interface Listener extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly address: string;
  readonly port: number;
  stats(): { readonly openConnections: number; readonly refusedConnections: number };
  /**
   * Goes on accepting, and lets each answer tell that it is the last on its connection. Resolves when no client may take
   * an open connection for one that it can use again, in a few seconds.
   */
  retire(): Promise<void>;
  /**
   * Takes no new connections at once, waits for the busy ones, ends those after `graceMs`; ends idle ones at once, but
   * after `retire` only those that no client may use again.
   */
  close(graceMs: number): Promise<void>;
}

/** @throws Problem `unavailable` — the address cannot be listened on, in a sentence that says what to do. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { listenFd: fd, limits = edgeLimits } = options;
  const { host, port } = fd === undefined ? options : given;
  const { listeners = 1 } = options;
  const connectionsMax = connectionsWithin(descriptorsMax(), limits.connectionsMax, listeners);
  const { connectionsPerClientMax = 0, isShared = () => false } = options;
  const connections = new Connections({
    ...limits,
    connectionsMax,
    connectionsPerClientMax,
    isShared,
  });
  const gate = new Gate(connections, { ...options, limits });
  const server = createServer(serverOptions(limits), (request, response) => {
    closing.begin(response);
    gate.handle(request, response, options.handle);
  });
  const closing = new Closing(server, connections, limits.reuseMaxMs + limits.reuseMarginMs);
  server.maxConnections = connectionsMax + limits.excessMax;
  // Bounded by bytes; Node would drop fields beyond a number without a word.
  server.maxHeadersCount = 0;
  const { handleOrdinary } = options;
  // Before anybody else looks at the server's connections.
  const lines =
    handleOrdinary &&
    new OrdinaryLines(server, {
      limits,
      handle: (request, response) => {
        closing.begin(response);
        gate.handle(request, response, handleOrdinary);
      },
      broken: (code, socket) => answerUnparsed({ code }, socket),
    });
  observe(server, connections, limits);
  try {
    const { backlog } = limits;
    // Node does not heed a backlog beside the descriptor, in the same object.
    if (fd === undefined && listeners > 1 && !options.isListenedOn && port !== 0)
      await requireFree(host, port);
    if (fd === undefined) server.listen({ port, host, backlog, reusePort: listeners > 1 });
    else server.listen({ fd }, backlog);
    await once(server, "listening");
  } catch (cause) {
    throw fd === undefined
      ? toProblem(cause, host, port)
      : new Problem("unavailable", unusable, { cause });
  }
  const bound = boundTo(server);
  const checks = setInterval(() => {
    gate.check(performance.now());
    lines?.check(performance.now());
  }, limits.checkIntervalMs);
  checks.unref();
  const close = (graceMs: number) => closing.close(graceMs).finally(() => clearInterval(checks));
  return {
    url: `http://${urlHost(host, bound)}:${bound.port}`,
    address: bound.address,
    port: bound.port,
    stats: () => connections.stats(),
    retire: () => closing.retire(),
    close,
    [Symbol.asyncDispose]: () => close(0),
  };
}

function serverOptions(limits: EdgeLimits): ServerOptions {
  const reuseMs = Math.min(limits.reuseMaxMs, limits.keepAliveTimeoutMs);
  return {
    maxHeaderSize: limits.headMaxBytes,
    headersTimeout: limits.headTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    // What clients are told, and what there is beyond it.
    keepAliveTimeout: reuseMs,
    keepAliveTimeoutBuffer: limits.keepAliveTimeoutMs - reuseMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
    insecureHTTPParser: false,
    // The guard looks at `Host` itself, and answers in the shape of the plane.
    requireHostHeader: false,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    noDelay: true,
  };
}

function observe(server: Server, connections: Connections, limits: EdgeLimits): void {
  server.on("connection", (socket) => connections.add(socket));
  server.on("drop", () => connections.refuse());
  server.on("clientError", (error: ParseError, socket) => answerUnparsed(error, socket));
  server.on("connect", (_request, socket: Duplex) => {
    // Node listens to the socket no more, and an error that nobody hears ends the process.
    socket.on("error", () => socket.destroy());
    socket.end(refusalText(unsupported, false));
  });
  server.setTimeout(limits.writeStallMs, (socket) => onSilence(socket, limits.writeStallMs));
}

/**
 * Nothing went in or out for so long: that ends an idle connection and one whose client takes nothing of what is there,
 * but no exchange that waits for its upstream.
 */
function onSilence(socket: Socket, timeoutMs: number): void {
  if (answerOn(socket) && socket.writableLength === 0) socket.setTimeout(timeoutMs);
  else socket.destroy();
}

interface ParseError extends Error {
  readonly code?: string;
  readonly reason?: string;
  readonly rawPacket?: Buffer;
}

/** No request was read, or not all of one: answer if nothing was answered yet, and close. */
function answerUnparsed(
  error: Pick<ParseError, "code" | "reason" | "rawPacket">,
  socket: Duplex,
): void {
  const begun = answerOn(socket);
  if (!socket.writable || error.code === "ECONNRESET" || begun?.headersSent) {
    socket.destroy();
    return;
  }
  const start = error.rawPacket?.toString("latin1", 0, 64) ?? "";
  // A packet that does not show the path is most likely the data plane's.
  const elsewhere = /^[A-Z]{1,16} \/(?!p\/)/.test(start);
  socket.end(refusalText(refusalOf(error), !elsewhere));
}

function refusalOf({ code = "", reason }: Pick<ParseError, "code" | "reason">): Refusal {
  // The code is also that of a version whose line does not end as it should.
  if (code === "HPE_INVALID_VERSION" && reason !== "Invalid HTTP version") return malformed;
  return byParseError[code] ?? malformed;
}

const malformed: Refusal = {
  statusCode: 400,
  code: "validation_error",
  reason: "malformed_request",
  message: "the request is not valid HTTP/1.1",
};
const headTooLarge: Refusal = {
  statusCode: 431,
  code: "payload_too_large",
  reason: "head_too_large",
  message: "the header fields of the request are larger than this proxy allows",
};
const unsupported: Refusal = {
  statusCode: 501,
  code: "validation_error",
  reason: "method",
  message: "this method is not supported",
};

const byParseError: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: headTooLarge,
  HPE_INVALID_VERSION: badVersion,
  HPE_PAUSED_H2_UPGRADE: badVersion,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { ...malformed, statusCode: 413, code: "payload_too_large" },
  ERR_HTTP_REQUEST_TIMEOUT: tooSlow,
};

/** Of a socket that was given the address alone tells where it is. */
const given = { host: "", port: 0 };
const unusable =
  "the socket that this process was given (LISTEN_FDS) is none that it can listen on";

/** @throws Problem `unavailable` — the server listens, but not on an address. */
function boundTo(server: Server): AddressInfo {
  const bound = server.address();
  if (bound !== null && typeof bound === "object") return bound;
  server.close();
  throw new Problem("unavailable", `${unusable}: it has no port`);
}

function urlHost(host: string, { address, family }: AddressInfo): string {
  // A wildcard is no address to connect to.
  if (address === "0.0.0.0" || address === "::") return "localhost";
  if (host === "localhost") return host;
  return family === "IPv6" ? `[${address}]` : address;
}

function toProblem(cause: unknown, host: string, port: number): Problem {
  const { code } = cause as { code?: unknown };
  const unavailable = (message: string) => new Problem("unavailable", message, { cause });
  if (code === "EADDRINUSE") {
    return unavailable(
      `port ${port} on ${host} is in use; set HOOKWATCH_PORT or stop the other program`,
    );
  }
  if (code === "EACCES") {
    return unavailable(`port ${port} needs privileges; set HOOKWATCH_PORT to 1024 or above`);
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return invalid({
      field: "HOOKWATCH_HOST",
      message: `${host} is not an address of this machine`,
    });
  }
  return unavailable(`cannot listen on ${host} port ${port}`);
}
