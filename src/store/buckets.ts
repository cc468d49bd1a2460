/** A window cut into buckets of one width that start at whole multiples of it since the epoch. */
import { invalid } from "../problem.ts";
import type { Window } from "./window.ts";

const bucketsMax = 10_000;

export interface Buckets {
  /** Number of the first bucket: its start divided by the width. */
  readonly first: number;
  /** How many overlap the window. */
  readonly length: number;
}

/** @throws Problem `validation_error` — more than 10,000 buckets. */
export function bucketsOf({ sinceMs, untilMs }: Required<Window>, bucketMs: number): Buckets {
  const first = Math.floor(sinceMs / bucketMs);
  const length = untilMs > sinceMs ? Math.ceil(untilMs / bucketMs) - first : 0;
  if (length <= bucketsMax) return { first, length };
  const message = `asks for ${length} buckets, the limit is ${bucketsMax}`;
  throw invalid({ field: "window", message });
}
