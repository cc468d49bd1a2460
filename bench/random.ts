/** Numbers as if drawn at random, the same for the same seed. */
export interface Random {
  /** From 0 up to, but not including, 1. */
  next(): number;
  /** A whole number from 0 up to, but not including, `count`. */
  below(count: number): number;
  /** Likewise, small ones far more often than large ones. */
  skewed(count: number): number;
  /** So many hexadecimal digits, a multiple of 8. */
  hex(length: number): string;
}

/** Marsaglia's xorshift32: https://doi.org/10.18637/jss.v008.i14 */
export function randomOf(seed: number): Random {
  let state = seed;
  const draw = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const next = () => draw() / 2 ** 32;
  return {
    next,
    below: (count) => Math.floor(next() * count),
    skewed: (count) => Math.floor(count * next() ** 2),
    hex(length) {
      let text = "";
      while (text.length < length) text += draw().toString(16).padStart(8, "0");
      return text;
    },
  };
}
