/**
 * What the host itself asks servers for people: checks, test calls, replays; and the server it brings along.
 *
 * In: functions of the host that ask, because the API never sees the proxy. Out: operations at their places.
 */
import { type ConnectionCheckOptions, connectionCheck } from "./connection-check.ts";
import { type DemoServerOptions, demoServer } from "./demo-server.ts";
import type { Operation } from "./operation.ts";
import type { Method } from "./operation-route.ts";
import { type ReplayOptions, replay } from "./replay.ts";
import { type TestCallOptions, testCall } from "./test-call.ts";

export type OwnCallsOptions = ConnectionCheckOptions &
  TestCallOptions &
  ReplayOptions &
  DemoServerOptions;

/** How the host asks. */
export type OwnCalls = Pick<
  OwnCallsOptions,
  "checkConnection" | "testCall" | "replay" | "startDemo"
>;

/** To stand before the places of `{id}`, so that these words are never taken for one. */
export function ownCalls(
  options: OwnCallsOptions,
): Readonly<Record<string, Readonly<Partial<Record<Method, Operation>>>>> {
  const check = connectionCheck(options);
  return {
    "/v1/mcp/servers/check": { post: check.ofUrl },
    "/v1/mcp/servers/demo": { post: demoServer(options) },
    "/v1/mcp/servers/{id}/check": { post: check.ofServer },
    "/v1/mcp/servers/{id}/test-call": { post: testCall(options) },
    "/v1/mcp/calls/{id}/replay": { post: replay(options) },
  };
}
