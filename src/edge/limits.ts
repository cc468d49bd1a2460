/** What bounds a connection before anybody knows what it wants: each with its unit and the reason for its value. */

export interface EdgeLimits {
  /** Request line and fields. Tokens and mirrored `Mcp-Param-*` fields outgrow Node's 16 KiB. */
  readonly headMaxBytes: number;
  /** From the first byte of a request, or the connection's start, to the end of its fields. */
  readonly headTimeoutMs: number;
  /** A whole request, body included: 64 MiB at 75 KB/s. */
  readonly requestTimeoutMs: number;
  /** A body that comes more slowly than this ends its request. */
  readonly bodyBytesPerSecondMin: number;
  /** How long it may; longer than the data plane waits, which answers in its clients' language. */
  readonly bodySpanMs: number;
  /** An answer of which nothing is taken for so long ends its connection; likewise. */
  readonly writeStallMs: number;
  /** Above the 60 s of common load balancers, so that they and not we end an idle connection. */
  readonly keepAliveTimeoutMs: number;
  /**
   * How long clients are told that an idle connection may be used again: so long a restart has to wait for those that
   * are, and so often a client that calls less often has to connect.
   */
  readonly reuseMaxMs: number;
  /** How much longer it may: a client counts from when it has read the answer, which takes time where a machine is busy. */
  readonly reuseMarginMs: number;
  /** Connections that wait to be accepted while the event loop is busy, or a restart under way: some seconds of them. */
  readonly backlog: number;
  /** How often the timeouts are looked at, and memory. */
  readonly checkIntervalMs: number;
  /** As many as there are descriptors for, and no more than this. */
  readonly connectionsMax: number;
  /** Requests that wait on one connection for the answers before theirs; common clients send none ahead. */
  readonly pipelinedMax: number;
  /** Connections beyond the limit that are told so; more are closed without a word. */
  readonly excessMax: number;
  /** Likewise of one client. */
  readonly excessPerClientMax: number;
  /** When who is told so may come again. */
  readonly retryAfterSeconds: number;
}

export const edgeLimits: EdgeLimits = {
  headMaxBytes: 65_536,
  headTimeoutMs: 10_000,
  requestTimeoutMs: 900_000,
  bodyBytesPerSecondMin: 1_024,
  bodySpanMs: 20_000,
  writeStallMs: 75_000,
  keepAliveTimeoutMs: 75_000,
  reuseMaxMs: 4_000,
  reuseMarginMs: 2_000,
  backlog: 4_096,
  checkIntervalMs: 1_000,
  connectionsMax: 10_000,
  pipelinedMax: 16,
  excessMax: 256,
  excessPerClientMax: 16,
  retryAfterSeconds: 5,
};
