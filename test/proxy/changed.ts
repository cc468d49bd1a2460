/** Texts with a few changes, each anywhere or, as what is put in may be a whole line, at a line's beginning. */
import fc from "fast-check";

export function changed(
  texts: readonly string[],
  puts: readonly string[],
  changesMax: number,
): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    atLine: fc.boolean(),
    removed: fc.integer({ min: 0, max: 3 }),
    put: fc.constantFrom("", ...puts),
  });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(change, { maxLength: changesMax }))
    .map(([text, changes]) =>
      changes.reduce((before, { at, atLine, removed, put }) => {
        const anywhere = Math.floor(at * before.length);
        const line = before.indexOf("\r\n", anywhere);
        if (atLine && line !== -1) return before.slice(0, line + 2) + put + before.slice(line + 2);
        return before.slice(0, anywhere) + put + before.slice(anywhere + removed);
      }, text),
    );
}
