/**
 * A loss: calls of one server that the log could not take, or took without their bodies, for one reason, within
 * a span of time. What the log says of its own gaps.
 */

/** What went missing: `call` the whole row, `bodies` what `withoutBodies` of call.ts takes. */
export const lossKinds = ["call", "bodies"] as const;
export type LossKind = (typeof lossKinds)[number];

export interface Loss {
  /** UUIDv7. One loss grows while its span lasts: written again under its id, it replaces what was there. */
  readonly id: string;
  readonly teamId: string;
  readonly serverId: string;
  readonly kind: LossKind;
  /** Such as `queue_full`: a word of whoever lost them, a–z and "_", at most 100 characters. */
  readonly reason: string;
  readonly calls: number;
  /** Wall time, epoch milliseconds: the starts of the calls that were lost lie from `fromMs` to `untilMs`, both inclusive. */
  readonly fromMs: number;
  readonly untilMs: number;
}
