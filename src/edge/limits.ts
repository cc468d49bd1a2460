/** What bounds a connection before anybody knows what it wants: each with its unit and the reason for its value. */

export interface EdgeLimits {
  /** Request line and fields. Tokens and mirrored `Mcp-Param-*` fields outgrow Node's 16 KiB. */
  readonly headMaxBytes: number;
  /** From the first byte of a request, or the connection's start, to the end of its fields. */
  readonly headTimeoutMs: number;
  /** A whole request, body included: 64 MiB at 75 KB/s. Idle uploads to a proxy URL end much sooner. */
  readonly requestTimeoutMs: number;
  /** Above the 60 s of common load balancers, so that they and not we end an idle connection. */
  readonly keepAliveTimeoutMs: number;
  /** How often the two timeouts are looked at. */
  readonly checkIntervalMs: number;
  /** Each open exchange takes a second file descriptor for its upstream; 20,000 is a common limit. */
  readonly connectionsMax: number;
}

export const edgeLimits: EdgeLimits = {
  headMaxBytes: 65_536,
  headTimeoutMs: 10_000,
  requestTimeoutMs: 900_000,
  keepAliveTimeoutMs: 75_000,
  checkIntervalMs: 1_000,
  connectionsMax: 10_000,
};
