/** Figures of several data planes as those of one. */
import type { PlaneStats } from "./plane-messages.ts";

/** Number by number; what is the same in all of them, as the ends of buckets are, stays. */
export function addStats<Stats>(one: Stats, other: Stats): Stats {
  return add(one, other) as Stats;
}

function add(one: unknown, other: unknown): unknown {
  if (typeof one === "number" && typeof other === "number") return one + other;
  if (Array.isArray(one) && Array.isArray(other))
    return one.map((each, at) => add(each, other[at]));
  if (!isRecord(one) || !isRecord(other)) return one;
  const sum: Record<string, unknown> = { ...other, ...one };
  for (const [name, value] of Object.entries(one)) {
    if (name !== "untilMs" && name in other) sum[name] = add(value, other[name]);
  }
  return sum;
}

/** Of a plane that is gone: what it has done, and nothing of what it had open. */
export function withoutPresent({ edge, proxy, slabs }: PlaneStats): PlaneStats {
  const none = { openExchanges: 0, pools: 0, idleConnections: 0, busyConnections: 0 };
  return {
    edge: { ...edge, openConnections: 0 },
    proxy: { ...proxy, ...none },
    slabs: { ...slabs, backlogBytes: 0 },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
