/**
 * `POST /v1/mcp/servers/{id}/test-call`: a real, harmless call through a server's proxy URL, so that a first one is to be
 * seen before any agent is set up.
 *
 * In: a server of the team, credentials for this one time. Out: the call that was made. Bounds: `testCallLimits`; the host's
 * time for one. Never sees the proxy: the host sends.
 */
import { z } from "@hono/zod-openapi";
import type { Server } from "../server.ts";
import type { Registry } from "../store/registry.ts";
import { demandRecorded } from "./demand-recorded.ts";
import { found, operation } from "./operation.ts";
import { type PassedHeaders, passedHeaders } from "./passed-headers.ts";
import { Slots } from "./slots.ts";

export interface TestCallOptions {
  readonly registry: Pick<Registry, "findServer">;
  /** Resolves whatever the server answers; bounded in time by itself. */
  readonly testCall: (asked: AskedTestCall) => Promise<TestedCall>;
}

export interface AskedTestCall {
  readonly server: Server;
  readonly headers: PassedHeaders;
  /** Of whoever asks for it. */
  readonly sourceIp: string;
}

export interface TestedCall {
  readonly callId: string;
  readonly method: string;
  /** 0 when no answer came. */
  readonly statusCode: number;
  /** Empty when all went well. */
  readonly errorMessage: string;
}

const testCallLimits = { hostMax: 32, teamMax: 4 };

const testedSchema = z
  .object({
    call_id: z.uuid().describe("The call that this became, the last one of several."),
    method: z.string(),
    status_code: z.int().describe("0 when no answer came."),
    error_message: z.string().describe("Empty when all went well."),
  })
  .openapi("TestedCall");

export function testCall({ registry, testCall: send }: TestCallOptions) {
  const slots = new Slots("test calls", testCallLimits);
  return operation({
    name: "testServer",
    tag: "Servers",
    summary: "Send a test call",
    description:
      "Greets the server through its proxy URL as an agent does, and lists its tools: what it needs for that is recorded " +
      "as calls. Changes nothing. Takes up to 15 s.",
    needs: { scope: "servers:write" },
    ids: ["id"],
    body: z.strictObject({ headers: passedHeaders }).openapi("TestCall"),
    result: testedSchema,
    run: async ({ caller, id, body }) => {
      const server = found(await registry.findServer(caller.teamId, id), "MCP server");
      demandRecorded(server);
      const giveBack = slots.take(caller.teamId);
      try {
        const { sourceIp } = caller;
        const tested = await send({ server, headers: body.headers ?? {}, sourceIp });
        return {
          call_id: tested.callId,
          method: tested.method,
          status_code: tested.statusCode,
          error_message: tested.errorMessage,
        };
      } finally {
        giveBack();
      }
    },
  });
}
