/** Load through a number of connections, each of which sends its next call when its last was answered; and what nginx does with it. */

import { exchangeOf, type Kind } from "../bench/proxy/bodies.ts";
import type { Contender } from "../bench/proxy/contender.ts";
import { Load } from "../bench/proxy/load.ts";
import type { LoadResult } from "../bench/proxy/load-process.ts";
import { startNginx } from "../bench/proxy/references.ts";
import { startUpstream } from "../bench/proxy/upstream.ts";
import { HostProcess, type HostSetting } from "./host-process.ts";

export interface Bench extends AsyncDisposable {
  readonly host: HostProcess;
  readonly serverId: string;
  /** Undefined where it is not installed. */
  readonly nginx: Contender | undefined;
  readonly ours: Contender;
  send(to: Contender, demand: LoadDemand): Promise<LoadResult>;
  /** Bytes of one call, request and answer. */
  readonly bytes: number;
}

export interface LoadDemand {
  readonly connections: number;
  readonly seconds: number;
  readonly perSecond?: number;
}

/** The host and nginx before the same static answers; nothing is pinned, as nothing is where people run it. */
export async function openBench(folder: string, kind: Kind, setting: HostSetting): Promise<Bench> {
  const upstream = await startUpstream(folder, undefined);
  const behind = { calls: upstream.port, streams: upstream.port };
  const nginx = await startNginx(folder, behind, undefined, false);
  const load = new Load(folder, undefined);
  const host = await HostProcess.start(setting);
  const server = await host.api.addServer(kind, `http://127.0.0.1:${upstream.port}/${kind}`);
  const ours: Contender = {
    name: "HookWatch",
    port: Number(new URL(host.url).port),
    pid: host.pid,
    path: () => `/p/${server.slug}`,
    head: "",
    withIds: false,
    hasThreads: true,
  };
  const { request, answer } = exchangeOf(kind);
  return {
    host,
    serverId: server.id,
    nginx,
    ours,
    bytes: request.length + answer.length,
    send: (to, { connections, seconds, perSecond }) =>
      load.send(to, {
        kind,
        connections,
        forMs: seconds * 1_000,
        ...(perSecond !== undefined && { perSecond }),
      }),
    async [Symbol.asyncDispose]() {
      load.end();
      await host[Symbol.asyncDispose]();
    },
  };
}
