/**
 * `/v1`: the control plane, with its OpenAPI document and the page rendered from it.
 *
 * In: requests whose host, origin and framing the edge has checked. Out: JSON. Guarantees: below `/v1`
 * nothing is looked at before the credential, unknown routes included, and a caller sees one team
 * only, its own. Never sees the proxy.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { authenticate } from "../access/authenticate.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import type { CallLog } from "../store/call-log.ts";
import type { Caller } from "../team.ts";
import type { Log } from "../telemetry.ts";
import { answerError, answerNothing, answerWrongMethod, reportFault } from "./answer.ts";
import { refuseLargeBody } from "./body.ts";
import { callExport } from "./call-export.ts";
import { callStream } from "./call-stream.ts";
import { calls } from "./calls.ts";
import type { Connection } from "./connection.ts";
import { facets } from "./facets.ts";
import type { Followers } from "./followers.ts";
import { histogram } from "./histogram.ts";
import { losses } from "./losses.ts";
import { metrics } from "./metrics.ts";
import type { Operation } from "./operation.ts";
import type { Method } from "./operation-route.ts";
import { mountReference } from "./reference.ts";
import { type ServersOptions, servers } from "./servers.ts";

export interface ControlPlaneOptions extends ServersOptions {
  readonly log: Omit<
    CallLog,
    "append" | "addLosses" | "prune" | "pruneBodies" | "sweep" | typeof Symbol.asyncDispose
  >;
  /** Who follows that log; told of what is stored, and of the end, by the host. */
  readonly followers: Followers;
  /** True for a key known to exist, whatever its form; absent: known by the registry alone. */
  readonly isOwnKey?: (text: string) => boolean;
  /** Where bugs and outages are told to the operator. */
  readonly report: Log;
  readonly version: string;
}

export type ControlPlane = OpenAPIHono<Env>;

interface Env {
  readonly Variables: {
    caller: Caller;
    recheck: Connection["recheck"];
    requestId: string;
  };
  /** Of a request that came over a socket: what ends it. */
  readonly Bindings: { readonly outgoing?: { destroy(): unknown } };
}

type RouteTable = Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>>;

function routes(options: ControlPlaneOptions): RouteTable {
  const server = servers(options);
  const call = calls(options.log);
  return {
    "/v1/mcp/servers": { get: server.list, post: server.create },
    "/v1/mcp/servers/{id}": { get: server.get, put: server.change, delete: server.remove },
    "/v1/mcp/calls": { get: call.list },
    // Before `{id}`, so that these words are never taken for one.
    "/v1/mcp/calls/count": { get: call.count },
    "/v1/mcp/calls/metrics": { get: metrics(options.log, options.registry, options.clock) },
    "/v1/mcp/calls/facets": { get: facets(options.log) },
    "/v1/mcp/calls/histogram": { get: histogram(options.log, options.clock) },
    "/v1/mcp/calls/losses": { get: losses(options.log) },
    "/v1/mcp/calls/stream": { get: callStream(options.followers) },
    "/v1/mcp/calls/export": { get: callExport(options) },
    "/v1/mcp/calls/{id}": { get: call.get, delete: call.remove },
    "/v1/mcp/calls/{id}/messages": { get: call.messages },
  };
}

export function controlPlane(options: ControlPlaneOptions): ControlPlane {
  const { registry, report } = options;
  const app: ControlPlane = new OpenAPIHono();
  const fail = (c: Context<Env>, fault: unknown) => {
    const { signal } = c.req.raw;
    // The client has left, which ended what was done for it: there is nobody to answer and nothing to tell.
    if (signal.aborted && fault === signal.reason) return answerNothing();
    return answerError(fault, c.get("requestId"), report);
  };
  app.onError((error, c) => fail(c, error));
  app.notFound(() => {
    throw new Problem("resource_not_found", "no such route");
  });
  app.use(async (c, next) => {
    c.set("requestId", newId());
    try {
      await next();
    } catch (fault) {
      // Hono hands `Error`s to `onError` itself; this is for whatever else was thrown.
      c.res = fail(c, fault);
    }
    c.header("X-Request-Id", c.get("requestId"));
  });
  app.use("/v1/*", async (c, next) => {
    const key = [c.req.header("authorization"), c.req.header("x-api-key")] as const;
    const check = () => authenticate(registry, ...key, options.isOwnKey);
    c.set("caller", await check());
    c.set("recheck", async () => void (await check()));
    refuseLargeBody(c.req.raw);
    await next();
  });
  for (const [path, methods] of Object.entries(routes(options))) mount(app, path, methods, report);
  mountReference(app, options);
  return app;
}

function mount(app: ControlPlane, path: string, methods: RouteTable[string], report: Log): void {
  const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
  for (const [name, operation] of Object.entries(methods)) {
    const method = name as Method;
    app.openAPIRegistry.registerPath(operation.toRoute(method, path));
    app.on(method, pattern, async (c) => {
      const connection = connectionOf(c, report);
      const response = await operation.answer(c.req.raw, connection, c.req.param("id"));
      // The body of a `HEAD` is never sent, and one that streams must not wait for ever to be.
      if (c.req.raw.method === "HEAD") await response.body?.cancel();
      return response;
    });
  }
  const allowed = Object.keys(methods).flatMap((name) =>
    name === "get" ? ["GET", "HEAD"] : [name.toUpperCase()],
  );
  app.all(pattern, () => answerWrongMethod(allowed));
}

function connectionOf(c: Context<Env>, log: Log): Connection {
  // Tests ask without a socket, and then there are no bindings at all.
  const outgoing = c.env?.outgoing;
  return {
    caller: c.get("caller"),
    recheck: c.get("recheck"),
    report: (cause) => reportFault(cause, c.get("requestId"), log),
    ...(outgoing && { cut: () => void outgoing.destroy() }),
  };
}
