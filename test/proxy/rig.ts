/**
 * The data plane between real sockets: upstreams that do what a test tells them, clients that see every byte.
 * Everything listens on a free port of 127.0.0.1 and ends with its `await using`.
 */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { systemClock } from "../../src/clock.ts";
import { guarded } from "../../src/edge/guard.ts";
import { listen } from "../../src/edge/listener.ts";
import type {
  ExchangeEnd,
  ExchangeOpening,
  ExchangeWitness,
  UpstreamTimes,
  Watch,
} from "../../src/exchange.ts";
import { Directory } from "../../src/proxy/directory.ts";
import { egressRule } from "../../src/proxy/egress.ts";
import { Forwarder, type ForwarderOptions } from "../../src/proxy/forwarder.ts";
import type { Server } from "../../src/server.ts";
import { silentLog } from "../../src/telemetry.ts";

export const slug = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

export function server(targetUrl: string, changes: Partial<Server> = {}): Server {
  return {
    id: "s1",
    userId: "u1",
    teamId: "t1",
    slug,
    name: "a server",
    targetUrl,
    isActive: true,
    captureLevel: "redacted",
    createdAtMs: 0,
    updatedAtMs: 0,
    ...changes,
  };
}

export interface Upstream extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Connections accepted so far, closed ones included. */
  readonly sockets: readonly Socket[];
}

export function httpUpstream(handle: RequestListener): Promise<Upstream> {
  const http = createServer({ keepAliveTimeout: 10_000 }, handle);
  return started(http);
}

/** Speaks no HTTP by itself: `onRequest` gets the socket and the bytes so far, whenever some came. */
export function rawUpstream(
  onBytes: (socket: Socket, received: string) => void,
  onConnection: (socket: Socket) => void = () => {},
): Promise<Upstream> {
  const tcp = createTcpServer((socket) => {
    let received = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      onBytes(socket, received);
    });
    onConnection(socket);
  });
  return started(tcp);
}

async function started(tcp: ReturnType<typeof createTcpServer>): Promise<Upstream> {
  const sockets: Socket[] = [];
  tcp.on("connection", (socket: Socket) => {
    socket.on("error", () => {});
    sockets.push(socket);
  });
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  const { port } = tcp.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/mcp`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      const closed = once(tcp, "close");
      tcp.close();
      await closed;
    },
  };
}

/** What one exchange looked like to its witness. */
export interface Sighting {
  readonly opening: ExchangeOpening;
  readonly order: string[];
  request: string;
  response: string;
  responseBytes: number;
  times: UpstreamTimes | undefined;
  statusCode: number;
  end: ExchangeEnd | undefined;
}

export interface Plane extends AsyncDisposable {
  readonly port: number;
  /** Of the one server, without anything behind the slug. */
  readonly url: string;
  readonly forwarder: Forwarder;
  readonly directory: Directory;
  readonly sightings: readonly Sighting[];
}

export async function dataPlane(
  targetUrl: string,
  options: Partial<ForwarderOptions> & {
    readonly watch?: Watch;
    /** With what stands before every plane of the product. */
    readonly guard?: boolean;
    /** False: Node reads the ordinary requests, too. */
    readonly ordinary?: boolean;
  } = {},
): Promise<Plane> {
  const directory = new Directory();
  directory.put(server(targetUrl));
  const sightings: Sighting[] = [];
  const { watch = recordInto(sightings), guard = false, ordinary = true, ...rest } = options;
  const forwarder = new Forwarder((one) => directory.find(one), watch, {
    upstreamIdleTimeoutMs: 10_000,
    requestMaxBytes: 67_108_864,
    egress: egressRule({ mode: "local" }),
    clock: systemClock,
    log: silentLog,
    ...rest,
  });
  const handle: RequestListener = (request, response) => {
    if (request.url?.startsWith("/.well-known/")) forwarder.handleMetadata(request, response);
    else forwarder.handle(request, response);
  };
  const guardedHandle = guard ? guarded({}, handle) : handle;
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    handle: guardedHandle,
    ...(ordinary && { handleOrdinary: guard ? guarded({}, forwarder.handle) : forwarder.handle }),
  });
  return {
    port: listener.port,
    url: `${listener.url}/p/${slug}`,
    forwarder,
    directory,
    sightings,
    async [Symbol.asyncDispose]() {
      await listener.close(0);
      await forwarder[Symbol.asyncDispose]();
    },
  };
}

function recordInto(sightings: Sighting[]): Watch {
  return (opening): ExchangeWitness => {
    const sighting: Sighting = {
      opening,
      order: [],
      request: "",
      response: "",
      responseBytes: 0,
      times: undefined,
      statusCode: 0,
      end: undefined,
    };
    sightings.push(sighting);
    return {
      request(chunk) {
        sighting.order.push("request");
        if (sighting.request.length < 100_000)
          sighting.request += Buffer.from(chunk).toString("latin1");
      },
      requestEnd() {
        sighting.order.push("requestEnd");
      },
      upstream(times) {
        sighting.order.push("upstream");
        sighting.times = times;
      },
      head(statusCode) {
        sighting.order.push("head");
        sighting.statusCode = statusCode;
      },
      response(chunk) {
        sighting.order.push("response");
        sighting.responseBytes += chunk.length;
        if (sighting.response.length < 100_000)
          sighting.response += Buffer.from(chunk).toString("latin1");
      },
      end(end) {
        sighting.order.push("end");
        sighting.end = end;
      },
    };
  };
}

/** A client that says exactly what it is told, and keeps every byte it is answered. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  received = "";
  /** How the connection ended; undefined while it stands. */
  ending: "end" | "reset" | undefined;

  constructor(port: number, text = "") {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("data", (chunk) => {
      this.received += chunk.toString("latin1");
    });
    this.socket.on("end", () => {
      this.ending ??= "end";
    });
    this.socket.on("error", () => {
      this.ending ??= "reset";
    });
    this.socket.on("close", () => {
      this.ending ??= "end";
    });
    if (text !== "") this.send(text);
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Resolves when the condition holds; looks again every few milliseconds, and gives up with its words. */
export async function until(
  what: string,
  condition: () => boolean,
  limitMs = 3_000,
): Promise<void> {
  const startedAtMs = performance.now();
  while (!condition()) {
    if (performance.now() - startedAtMs > limitMs)
      throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function post(body: string, fields = "", path = `/p/${slug}`): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${fields}Content-Length: ${Buffer.byteLength(body, "latin1")}\r\n\r\n${body}`;
}

export function get(fields = "", path = `/p/${slug}`): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;
}
