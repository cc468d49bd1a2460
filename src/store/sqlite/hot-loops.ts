/**
 * The loops in which questions spend their time: nothing but array reads, whatever the outcome of a test, and a
 * number at the end.
 *
 * One function for each width of codes, since V8 makes a loop over one kind of array twice as fast. Four rows at a
 * time, since it would put a shorter function into its caller, whose loops it compiles badly and late: measured 1.0
 * against 4.6 ns a row. `out` may be what `positions` is a part of, from its beginning.
 */
import type { NumberColumn } from "./column.ts";

/** Of rows of a segment, ascending. */
export type Positions = Uint16Array;

/** Keeps those whose code passes (1, not 0). Returns how many; they lie in `out`. */
export function keepNarrow(
  positions: Positions,
  codes: Uint8Array,
  passes: Uint8Array,
  out: Positions,
): number {
  const whole = positions.length & ~3;
  let length = 0;
  for (let index = 0; index < whole; index += 4) {
    const a = positions[index] as number;
    out[length] = a;
    length += passes[codes[a] as number] as number;
    const b = positions[index + 1] as number;
    out[length] = b;
    length += passes[codes[b] as number] as number;
    const c = positions[index + 2] as number;
    out[length] = c;
    length += passes[codes[c] as number] as number;
    const d = positions[index + 3] as number;
    out[length] = d;
    length += passes[codes[d] as number] as number;
  }
  for (let index = whole; index < positions.length; index++) {
    const position = positions[index] as number;
    out[length] = position;
    length += passes[codes[position] as number] as number;
  }
  return length;
}

export function keepWide(
  positions: Positions,
  codes: Uint16Array,
  passes: Uint8Array,
  out: Positions,
): number {
  const whole = positions.length & ~3;
  let length = 0;
  for (let index = 0; index < whole; index += 4) {
    const a = positions[index] as number;
    out[length] = a;
    length += passes[codes[a] as number] as number;
    const b = positions[index + 1] as number;
    out[length] = b;
    length += passes[codes[b] as number] as number;
    const c = positions[index + 2] as number;
    out[length] = c;
    length += passes[codes[c] as number] as number;
    const d = positions[index + 3] as number;
    out[length] = d;
    length += passes[codes[d] as number] as number;
  }
  for (let index = whole; index < positions.length; index++) {
    const position = positions[index] as number;
    out[length] = position;
    length += passes[codes[position] as number] as number;
  }
  return length;
}

/** Keeps those whose number lies from `min` to `max`, both inclusive. Returns how many; they lie in `out`. */
export function keepBetween(
  positions: Positions,
  numbers: NumberColumn,
  min: number,
  max: number,
  out: Positions,
): number {
  const whole = positions.length & ~3;
  let length = 0;
  for (let index = 0; index < whole; index += 4) {
    const a = positions[index] as number;
    const aa = numbers[a] as number;
    out[length] = a;
    if (aa >= min && aa <= max) length++;
    const b = positions[index + 1] as number;
    const bb = numbers[b] as number;
    out[length] = b;
    if (bb >= min && bb <= max) length++;
    const c = positions[index + 2] as number;
    const cc = numbers[c] as number;
    out[length] = c;
    if (cc >= min && cc <= max) length++;
    const d = positions[index + 3] as number;
    const dd = numbers[d] as number;
    out[length] = d;
    if (dd >= min && dd <= max) length++;
  }
  for (let index = whole; index < positions.length; index++) {
    const position = positions[index] as number;
    const number = numbers[position] as number;
    out[length] = position;
    if (number >= min && number <= max) length++;
  }
  return length;
}

/** Adds one to the count of each position's code. */
export function countCodes(
  positions: Positions,
  codes: Uint8Array | Uint16Array,
  counts: Uint32Array,
): void {
  const whole = positions.length & ~3;
  for (let index = 0; index < whole; index += 4) {
    const a = codes[positions[index] as number] as number;
    counts[a] = (counts[a] as number) + 1;
    const b = codes[positions[index + 1] as number] as number;
    counts[b] = (counts[b] as number) + 1;
    const c = codes[positions[index + 2] as number] as number;
    counts[c] = (counts[c] as number) + 1;
    const d = codes[positions[index + 3] as number] as number;
    counts[d] = (counts[d] as number) + 1;
  }
  for (let index = whole; index < positions.length; index++) {
    const code = codes[positions[index] as number] as number;
    counts[code] = (counts[code] as number) + 1;
  }
}
