/** Joins the data plane: the main thread's, and where there are several, those beside it. */
import { systemClock } from "../clock.ts";
import type { Carried } from "../edge/carrying.ts";
import type { Listener } from "../edge/listener.ts";
import { Directory } from "../proxy/directory.ts";
import { Forwarder } from "../proxy/forwarder.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";
import type { Config } from "./config.ts";
import { DataPlanes } from "./data-planes.ts";
import type { Keys } from "./founding.ts";
import type { Network } from "./network.ts";
import { countsFor, withoutSecrets } from "./plane-shares.ts";
import type { PlanUsage } from "./plans-usage.ts";
import type { Recorder } from "./recorder.ts";

export interface TrafficParts {
  readonly config: Config;
  readonly registry: Pick<Registry, "secret" | "watchServers">;
  readonly recorder: Recorder;
  readonly usage: PlanUsage;
  readonly network: Network;
  readonly isOwnKey: (text: string) => boolean;
  /** What other planes leave to the main thread. */
  readonly carried: Carried;
  readonly log: Log;
}

export interface Traffic {
  /** The main thread's. */
  readonly forwarder: Forwarder;
  readonly others: DataPlanes | undefined;
  /** Starts the others, beside the listener. @throws Problem — one cannot listen. */
  openOthers(listener: Pick<Listener, "address" | "port">, url: string, keys: Keys): Promise<void>;
}

export async function openTraffic(
  open: AsyncDisposableStack,
  { config, registry, recorder, usage, network, isOwnKey, carried, log }: TrafficParts,
): Promise<Traffic> {
  const directory = new Directory();
  const counts = countsFor(config);
  const endpointKey = await registry.secret("endpoints");
  const forwarder = open.use(
    new Forwarder((slug) => directory.find(slug), recorder.watch, {
      ...config,
      ...network,
      clock: systemClock,
      log,
      endpointKey,
      mayBegin: () => config.strictLogging === "0" || recorder.hasRoom,
      ...(config.durableCalls === "1" && { durable: () => recorder.durable() }),
      mayCall: ({ teamId }) => usage.refusal(teamId),
      isOwnCredential: isOwnKey,
      otherPlanes: counts,
    }),
  );
  const isAlone = config.dataPlanes === 1;
  const others = isAlone
    ? undefined
    : open.use(new DataPlanes({ recorder, usage, counts, carried, log }));
  open.use(
    await registry.watchServers((change) => {
      const { kind, server } = change;
      counts?.placeOf(server.teamId);
      if (kind === "present") directory.put(server);
      else directory.remove(server);
      forwarder.dropServer(server.id);
      others?.learn(change);
    }),
  );
  const openOthers: Traffic["openOthers"] = async ({ address, port }, url, { digests }) => {
    const start = { config: withoutSecrets(config), address, port, url, endpointKey };
    await others?.open({ ...start, keys: digests });
  };
  return { forwarder, others, openOthers };
}
