/**
 * The records that carry exchanges from the data-plane thread to the recorder thread.
 *
 * A record is a header of 17 bytes and a payload; a slab is records end to end, none of them split
 * over two slabs. Little-endian:
 *
 *     u8 type | u32 exchange | f64 at, monotonic milliseconds of the writer | u32 payload bytes | payload
 *
 * `exchange` is unique among the exchanges open at that place of the sequence and is used again
 * after their `end`. Nothing else orders or names records, so slabs MUST be read in order.
 */

export const recordHeaderBytes = 17;
/** In a record of times. */
export const upstreamNumbers = 7;

export const recordTypes = {
  /** Texts with NUL between: startedAtMs, serverId, teamId, sourceIp, method, capture level, path, then the raw headers. */
  opening: 1,
  /** Bytes of the request body. */
  request: 2,
  requestEnd: 3,
  /** Texts with NUL between: statusCode, then the raw headers. */
  head: 4,
  /** Bytes of the response body. */
  response: 5,
  /** A number (f64) of bytes of the request body that passed and are not in the slabs. */
  requestSkipped: 6,
  /** The same of the response body. */
  responseSkipped: 7,
  /** Texts with NUL between: outcome, reason. */
  end: 8,
  /** Texts with NUL between, right after the opening: the id its call is to have, the id of the call it repeats. */
  own: 9,
  /** The numbers (f64) of `UpstreamTimes` in their order, NaN for undefined. */
  upstream: 10,
} as const;

export type RecordType = (typeof recordTypes)[keyof typeof recordTypes];
