/**
 * `/v1`: the control plane, with its OpenAPI document and the page rendered from it.
 *
 * In: requests whose host, origin and framing the edge has checked. Out: JSON. Guarantees: below `/v1`
 * nothing is looked at before the credential, unknown routes included, and a caller sees one team
 * only, its own. Never sees the proxy.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { authenticate } from "../access/authenticate.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import type { CallLog } from "../store/call-log.ts";
import type { Caller } from "../team.ts";
import type { Log } from "../telemetry.ts";
import { answerError, answerWrongMethod } from "./answer.ts";
import { refuseLargeBody } from "./body.ts";
import { calls } from "./calls.ts";
import { metrics } from "./metrics.ts";
import type { Method, Operation } from "./operation.ts";
import { mountReference } from "./reference.ts";
import { type ServersOptions, servers } from "./servers.ts";

export interface ControlPlaneOptions extends ServersOptions {
  readonly log: Omit<
    CallLog,
    "append" | "addLosses" | "prune" | "pruneBodies" | "sweep" | typeof Symbol.asyncDispose
  >;
  /** True for a key known to exist, whatever its form; absent: known by the registry alone. */
  readonly isOwnKey?: (text: string) => boolean;
  /** Where bugs and outages are told to the operator. */
  readonly report: Log;
  readonly version: string;
}

export type ControlPlane = OpenAPIHono<{ Variables: { caller: Caller; requestId: string } }>;

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
    "/v1/mcp/calls/{id}": { get: call.get, delete: call.remove },
    "/v1/mcp/calls/{id}/messages": { get: call.messages },
  };
}

export function controlPlane(options: ControlPlaneOptions): ControlPlane {
  const app: ControlPlane = new OpenAPIHono();
  app.onError((error, c) => answerError(error, c.get("requestId"), options.report));
  app.notFound(() => {
    throw new Problem("resource_not_found", "no such route");
  });
  app.use(async (c, next) => {
    c.set("requestId", newId());
    try {
      await next();
    } catch (fault) {
      // Hono hands `Error`s to `onError` itself; this is for whatever else was thrown.
      c.res = answerError(fault, c.get("requestId"), options.report);
    }
    c.header("X-Request-Id", c.get("requestId"));
  });
  app.use("/v1/*", async (c, next) => {
    const key = [c.req.header("authorization"), c.req.header("x-api-key")] as const;
    c.set("caller", await authenticate(options.registry, ...key, options.isOwnKey));
    refuseLargeBody(c.req.raw);
    await next();
  });
  for (const [path, methods] of Object.entries(routes(options))) mount(app, path, methods);
  mountReference(app, options);
  return app;
}

function mount(app: ControlPlane, path: string, methods: RouteTable[string]): void {
  const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
  for (const [name, operation] of Object.entries(methods)) {
    const method = name as Method;
    app.openAPIRegistry.registerPath(operation.toRoute(method, path));
    app.on(method, pattern, (c) => operation.answer(c.req.raw, c.get("caller"), c.req.param("id")));
  }
  const allowed = Object.keys(methods).flatMap((name) =>
    name === "get" ? ["GET", "HEAD"] : [name.toUpperCase()],
  );
  app.all(pattern, () => answerWrongMethod(allowed));
}
