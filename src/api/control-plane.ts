/**
 * `/v1`: the control plane, with its OpenAPI document and the page rendered from it.
 *
 * In: requests whose host, origin and framing the edge has checked. Out: JSON. Guarantees: below `/v1`
 * nothing is looked at before the credential, unknown routes included, but for the few operations that are open; a
 * caller sees one team only, and of its own teams what its role and credential allow. Never sees the proxy.
 */
import assert from "node:assert/strict";
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Caller } from "../caller.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import type { Log } from "../telemetry.ts";
import { answerError, answerNothing, answerWrongMethod, reportFault } from "./answer.ts";
import { refuseLargeBody } from "./body.ts";
import type { Connection } from "./connection.ts";
import { demandAsBefore } from "./needs.ts";
import type { Operation } from "./operation.ts";
import type { Method } from "./operation-route.ts";
import { mountReference } from "./reference.ts";
import { type Allowance, allowanceFields, RequestLimits, tooMany } from "./request-limits.ts";
import { type RoutesOptions, type RouteTable, routes } from "./routes.ts";

/** As much of a request that came over a socket as tells who sent it. */
export interface Incoming {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly rawHeaders: readonly string[];
}

export interface ControlPlaneOptions extends RoutesOptions {
  /** The client's address, behind trusted proxies too. */
  readonly sourceIp: (request: Incoming) => string;
  /** Requests of one network without a good credential; absent: `request-limits.ts`. 0 is no limit. */
  readonly anonymousPerMinute?: number;
  /** Where bugs and outages are told to the operator. */
  readonly report: Log;
}

export type ControlPlane = OpenAPIHono<Env>;

interface Env {
  readonly Variables: {
    /** Undefined where the operation is open. */
    caller: Caller | undefined;
    recheck: Connection["recheck"];
    requestId: string;
    sourceIp: string;
    allowance: Allowance | undefined;
  };
  /** Of a request that came over a socket: it, and what ends it. */
  readonly Bindings: {
    readonly incoming?: Incoming;
    readonly outgoing?: { destroy(): unknown };
  };
}

export function controlPlane(options: ControlPlaneOptions): ControlPlane {
  const { clock, report } = options;
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
    const allowance = c.get("allowance");
    const fields = allowance ? allowanceFields(allowance, clock.nowMs()) : {};
    for (const [name, value] of Object.entries(fields)) c.header(name, value);
  });
  const table = routes(options);
  app.use("/v1/*", admission(options, openPlaces(table)));
  for (const [path, methods] of Object.entries(table)) mount(app, path, methods, options);
  mountReference(app, options);
  return app;
}

/** Lets in who is known, as often as the team's plan allows, and everyone to what is open. */
function admission(options: ControlPlaneOptions, open: ReadonlySet<string>) {
  const { access, planOf } = options;
  const limits = new RequestLimits(options.anonymousPerMinute);

  async function countAnonymous(c: Context<Env>): Promise<void> {
    const allowance = await limits.ofAddress(c.get("sourceIp"));
    if (!allowance?.exceeded) return;
    c.set("allowance", allowance);
    throw tooMany(allowance, "without a valid credential");
  }

  async function countTeam(c: Context<Env>, { teamId }: Caller): Promise<void> {
    const { apiRequestsPerMinute } = await planOf(teamId);
    const allowance = await limits.ofTeam(teamId, apiRequestsPerMinute);
    c.set("allowance", allowance);
    if (allowance?.exceeded) throw tooMany(allowance, "of this team");
  }

  return async (c: Context<Env>, next: () => Promise<void>) => {
    const { incoming } = c.env ?? {};
    const sourceIp = incoming ? options.sourceIp(incoming) : "";
    c.set("sourceIp", sourceIp);
    const { method, headers } = c.req.raw;
    const authenticate = () => access.authenticate({ method, headers, sourceIp });
    if (open.has(placeOf(method, c.req.path))) await countAnonymous(c);
    else {
      const caller = await authenticate().catch(async (refusal) => {
        if (refusal instanceof Problem && refusal.code !== "unavailable") await countAnonymous(c);
        throw refusal;
      });
      await countTeam(c, caller);
      c.set("caller", caller);
      c.set("recheck", async () => {
        // In the team it was asked of: who left it may have gone on to another of theirs.
        const now = await access.inTeam(await authenticate(), caller.teamId);
        demandAsBefore(caller, now);
        return now;
      });
    }
    refuseLargeBody(c.req.raw);
    await next();
  };
}

function openPlaces(table: RouteTable): ReadonlySet<string> {
  return new Set(
    Object.entries(table).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.open)
        .map(([method]) => placeOf(method, path)),
    ),
  );
}

function placeOf(method: string, path: string): string {
  return `${method === "HEAD" ? "GET" : method.toUpperCase()} ${path}`;
}

function mount(
  app: ControlPlane,
  path: string,
  methods: RouteTable[string],
  options: ControlPlaneOptions,
): void {
  const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
  for (const [name, operation] of Object.entries(methods)) {
    const method = name as Method;
    app.openAPIRegistry.registerPath(operation.toRoute(method, path));
    app.on(method, pattern, async (c) => {
      const response = await run(operation, c, options);
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

function run(
  operation: Operation,
  c: Context<Env>,
  { access, report }: ControlPlaneOptions,
): Promise<Response> {
  const sourceIp = c.get("sourceIp");
  if (operation.open) return operation.answer(c.req.raw, { sourceIp });
  const caller = c.get("caller");
  assert(caller, "an operation that is not open was reached without a caller");
  // Tests ask without a socket, and then there are no bindings at all.
  const outgoing = c.env?.outgoing;
  const connection: Connection = {
    ...{ sourceIp, caller },
    inTeam: (known, teamId) => access.inTeam(known, teamId),
    recheck: c.get("recheck"),
    report: (cause) => reportFault(cause, c.get("requestId"), report),
    ...(outgoing && { cut: () => void outgoing.destroy() }),
  };
  return operation.answer(c.req.raw, connection, c.req.param());
}
