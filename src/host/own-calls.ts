/**
 * What the host asks servers itself, put together: checks go out through the egress door, replays and test calls through the
 * proxy, the demo server lives here.
 *
 * Disposed before the forwarder: what is under way is broken off first.
 */
import type { OwnCalls } from "../api/own-calls.ts";
import type { Clock } from "../clock.ts";
import { InnerLine } from "../edge/inner-line.ts";
import type { Egress } from "../proxy/egress.ts";
import type { Forwarder, OwnOrigin } from "../proxy/forwarder.ts";
import type { Registry } from "../store/registry.ts";
import { probeConnection } from "./connection-probe.ts";
import { DemoKeeper } from "./demo-keeper.ts";
import { Replayer } from "./replayer.ts";

export interface OwnCallsParts {
  readonly forwarder: Pick<Forwarder, "handleOwn">;
  readonly egress: Egress;
  readonly registry: Pick<Registry, "watchServers" | "changeServer">;
  readonly clock: Clock;
  /** What clients call this host; known once it listens. */
  readonly publicUrl: () => string;
  readonly version: string;
}

export async function openOwnCalls(
  open: AsyncDisposableStack,
  { forwarder, egress, registry, clock, publicUrl: url, version }: OwnCallsParts,
): Promise<OwnCalls> {
  const demo = open.use(new DemoKeeper({ registry, clock, version }));
  const line = new InnerLine<OwnOrigin>(forwarder.handleOwn);
  const replayer = open.use(new Replayer({ line, url, version }));
  await demo.revive();
  return {
    checkConnection: (...asked) => probeConnection({ egress, clock, version }, ...asked),
    replay: (asked) => replayer.replay(asked),
    testCall: (asked) => replayer.testCall(asked),
    startDemo: () => demo.start(),
  };
}
