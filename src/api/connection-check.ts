/**
 * Checks of a connection to an MCP server, before agents use it or while they do: what is found, step by step.
 *
 * In: a URL under the same rule as that of a server, or a server of the team; credentials for this one check. Out: a
 * report: what is wrong with the other side is part of it, never a problem. Nothing is recorded as a call. Bounds:
 * `checkLimits`.
 */

import { z } from "@hono/zod-openapi";
import { parseTargetUrl } from "../server.ts";
import type { Registry } from "../store/registry.ts";
import {
  type ConnectionReport,
  connectionReportSchema,
  toWireReport,
} from "./connection-report.ts";
import { checked } from "./fields.ts";
import { found, operation } from "./operation.ts";
import { type PassedHeaders, passedHeaders } from "./passed-headers.ts";
import { type DialOptions, demandDialled } from "./servers.ts";
import { Slots } from "./slots.ts";
import { newServerSchema } from "./wire-servers.ts";

export interface ConnectionCheckOptions extends DialOptions {
  readonly registry: Pick<Registry, "findServer" | "addAudit">;
  /** Resolves whatever it finds; bounded in time and bytes by itself. */
  readonly checkConnection: (
    target: URL,
    headers: PassedHeaders,
    signal: AbortSignal,
  ) => Promise<ConnectionReport>;
}

const checkLimits = { hostMax: 32, teamMax: 4 };

export function connectionCheck(options: ConnectionCheckOptions) {
  const { registry, checkConnection } = options;
  const slots = new Slots("connection checks", checkLimits);
  const target = newServerSchema.shape.target_url.transform(checked(parseTargetUrl));
  const description =
    "Asks it as an agent would: name, connection, TLS, HTTP, protocol era, authentication, tools. " +
    "Takes up to 10 s, four at a time for each team; is no call and is not recorded.";
  const tag = "Servers";
  const needs = { scope: "servers:write" } as const;
  const check = async (
    teamId: string,
    url: string,
    headers: PassedHeaders,
    signal: AbortSignal,
  ) => {
    const giveBack = slots.take(teamId);
    try {
      return toWireReport(await checkConnection(new URL(url), headers, signal));
    } finally {
      giveBack();
    }
  };

  return {
    ofUrl: operation({
      name: "checkConnection",
      tag,
      summary: "Check the connection to an MCP server",
      description,
      needs,
      body: z
        .strictObject({ target_url: target, headers: passedHeaders })
        .openapi("ConnectionCheck"),
      result: connectionReportSchema,
      run: async ({ caller, body, signal }) => {
        const targetUrl = body.target_url;
        await demandDialled(options, caller, { id: "", targetUrl });
        return check(caller.teamId, targetUrl, body.headers ?? {}, signal);
      },
    }),

    ofServer: operation({
      name: "checkServer",
      tag,
      summary: "Check the connection to a registered server",
      description,
      needs,
      ids: ["id"],
      body: z.strictObject({ headers: passedHeaders }).openapi("ServerCheck"),
      result: connectionReportSchema,
      run: async ({ caller, id, body, signal }) => {
        const server = found(await registry.findServer(caller.teamId, id), "MCP server");
        return check(caller.teamId, server.targetUrl, body.headers ?? {}, signal);
      },
    }),
  };
}
