/** What the main thread and the data planes beside it tell each other. */
import type { MessagePort } from "node:worker_threads";
import type { SlabWriterStats } from "../capture/slab.ts";
import type { NumberedSlab } from "../capture/slab-order.ts";
import type { Listener } from "../edge/listener.ts";
import type { LostCall } from "../ingest/loss-tally.ts";
import type { LossKind } from "../loss.ts";
import type { CallRefusal } from "../proxy/admission.ts";
import type { ForwarderStats } from "../proxy/forwarder.ts";
import type { Server } from "../server.ts";
import type { ServerChange } from "../store/registry.ts";
import type { Config } from "./config.ts";
import type { KeyDigest } from "./founding.ts";

/** What a plane is started with; the same for one that replaces it. */
export interface PlaneStart {
  readonly config: Omit<Config, "apiKey" | "oidcClientSecret">;
  /** Where the main thread listens. */
  readonly address: string;
  readonly port: number;
  /** What clients call this host. */
  readonly url: string;
  readonly endpointKey: Uint8Array;
  readonly keys: readonly KeyDigest[];
  /** Of its numbers: 0 is the main thread. */
  readonly row: number;
  readonly flags: SharedArrayBuffer;
  /** See `TeamCounts`; absent: teams have no limit. */
  readonly counts?: SharedArrayBuffer | undefined;
}

/** Numbers (i32) in `PlaneStart.flags`, written by the main thread. */
export const flagOf = {
  /** Grows with each change of a server, once it has been sent. */
  servers: 0,
  /** 0 while exchanges cannot be recorded and therefore must not begin. */
  room: 1,
  /** KiB of calls that wait for the store. */
  waitingKiB: 2,
} as const;

export interface ServerNews {
  readonly kind: ServerChange["kind"];
  readonly server: Server;
  /** Of its team; see `TeamCounts`. */
  readonly place: number;
}

export interface ToPlane {
  readonly begin?: { readonly servers: MessagePort; readonly turn: SharedArrayBuffer };
  /** Of a thread that replaces another: accept, and die if that cannot be. */
  readonly serve?: true;
  readonly consumed?: number;
  readonly passed?: number;
  readonly refusals?: ReadonlyMap<string, CallRefusal>;
}

export interface PlaneStats {
  readonly edge: ReturnType<Listener["stats"]>;
  readonly proxy: ForwarderStats;
  readonly slabs: SlabWriterStats;
}

/** What has come together since the last time. */
export interface PlaneNews {
  readonly stats: PlaneStats;
  /** Exchanges that have begun, by team. */
  readonly begun: ReadonlyMap<string, number>;
  readonly losses: readonly PlaneLoss[];
}

export interface PlaneLoss {
  readonly whose: LostCall;
  readonly kind: LossKind;
  readonly reason: string;
  readonly calls: number;
}

export interface FromPlane {
  readonly slab?: NumberedSlab;
  /** Beside a slab: seen so far. */
  readonly exchangesSeen?: number;
  readonly barrier?: number;
  readonly news?: PlaneNews;
  /** A request that is not the data plane's, from that client. */
  readonly far?: MessagePort;
  readonly address?: string | undefined;
}
