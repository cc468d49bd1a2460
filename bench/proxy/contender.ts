/** One proxy that is compared, running. */
import type { Kind } from "./bodies.ts";

/** Ports of what is proxied. */
export interface Behind {
  readonly calls: number;
  readonly streams: number;
}

export interface Contender {
  readonly name: string;
  readonly port: number;
  /** 0: nothing is spent on it, as on the way without a proxy. */
  readonly pid: number;
  /** Where a kind of call is sent; undefined: it cannot pass this kind. */
  readonly path: (kind: Kind) => string | undefined;
  /** Where a stream is opened that stays silent after its first event; absent: it cannot pass one. */
  readonly streamPath?: string;
  /** Further lines of the request's head, each with its end. */
  readonly head: string;
  /** Ids must differ between calls: an MCP server of its own stands behind it. */
  readonly withIds: boolean;
  /** Its first thread is the data plane, others do what need not be done at once. */
  readonly hasThreads: boolean;
  /** To be called before a round. */
  readonly before?: () => void;
  /** To be called after a round: waits until nothing of it is left to do; what was not recorded whole since the last time. */
  readonly after?: () => Promise<number>;
}
