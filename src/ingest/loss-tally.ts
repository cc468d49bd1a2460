/**
 * What was lost, by server, kind, reason and minute, until the log knows it.
 *
 * In: losses, one by one. Out: those the log has not been told of, each under an id it keeps while it grows.
 * Guarantees: every loss is in one of them, or in `untold`. Bounds: `lossesMax` at once; beyond it minutes
 * of one server are joined, and what has nowhere to go is counted alone. Totals by server for 50 servers.
 */
import type { Call } from "../call.ts";
import { newId } from "../id.ts";
import type { Loss, LossKind } from "../loss.ts";

/** Whose calls, and when they started. */
export type LostCall = Pick<Call, "teamId" | "serverId" | "startedAtMs">;

type GrowingLoss = { -readonly [Key in keyof Loss]: Loss[Key] };

const minuteMs = 60_000;
const serversMax = 50;

export class LossTally {
  readonly #lossesMax: number;
  /** By server, kind, reason and minute. */
  readonly #losses = new Map<string, GrowingLoss>();
  /** By server, kind and reason: where to put what has no room of its own. */
  readonly #latest = new Map<string, GrowingLoss>();
  readonly #changed = new Set<GrowingLoss>();
  readonly #byServer = new Map<string, number>();
  #untold = 0;

  constructor(lossesMax = 10_000) {
    this.#lossesMax = lossesMax;
  }

  /** Calls that no loss tells of, because there were too many losses. */
  get untold(): number {
    return this.#untold;
  }

  /** Lost calls since the start, by server: of the first 50 that lost any, and of all `other` ones. */
  get byServer(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byServer);
  }

  add(call: LostCall, kind: LossKind, reason: string, calls = 1): void {
    if (kind === "call") this.#count(call.serverId, calls);
    const loss = this.#lossFor(call, kind, reason);
    if (!loss) {
      this.#untold += calls;
      return;
    }
    loss.calls += calls;
    loss.fromMs = Math.min(loss.fromMs, call.startedAtMs);
    loss.untilMs = Math.max(loss.untilMs, call.startedAtMs);
    this.#changed.add(loss);
  }

  /** What the log has not been told, at most 1,000 of it, as it is now. */
  untoldLosses(): readonly Loss[] {
    return [...this.#changed].slice(0, 1_000).map((loss) => ({ ...loss }));
  }

  /** The log knows these. Those that can hardly grow any more are forgotten. */
  told(losses: readonly Loss[], nowMs: number): void {
    const told = new Map(losses.map(({ id, calls }) => [id, calls]));
    for (const [key, loss] of this.#losses) {
      if (told.get(loss.id) === loss.calls) this.#changed.delete(loss);
      if (!this.#changed.has(loss) && loss.untilMs < nowMs - minuteMs) this.#forget(key, loss);
    }
  }

  #lossFor(call: LostCall, kind: LossKind, reason: string): GrowingLoss | undefined {
    const { teamId, serverId, startedAtMs } = call;
    const what = `${serverId}/${kind}/${reason}`;
    const key = `${what}/${Math.floor(startedAtMs / minuteMs)}`;
    const known = this.#losses.get(key);
    if (known) return known;
    if (this.#losses.size >= this.#lossesMax) return this.#latest.get(what);
    const span = { fromMs: startedAtMs, untilMs: startedAtMs };
    const loss = { id: newId(), teamId, serverId, kind, reason, calls: 0, ...span };
    this.#losses.set(key, loss);
    this.#latest.set(what, loss);
    return loss;
  }

  #forget(key: string, loss: GrowingLoss): void {
    this.#losses.delete(key);
    const what = `${loss.serverId}/${loss.kind}/${loss.reason}`;
    if (this.#latest.get(what) === loss) this.#latest.delete(what);
  }

  #count(serverId: string, calls: number): void {
    const isNew = !this.#byServer.has(serverId) && this.#byServer.size >= serversMax;
    const name = isNew ? "other" : serverId;
    this.#byServer.set(name, (this.#byServer.get(name) ?? 0) + calls);
  }
}
