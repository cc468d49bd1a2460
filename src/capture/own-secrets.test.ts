/** Credentials of our own rest nowhere, whatever the level. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { findOwnSecrets, spellings } from "./own-secrets.ts";
import { redact, redactOwn } from "./redact.ts";

const chosen = 'correct horse "battery" staple \\ chosen by the operator';
const plain = { mark: (type: string) => `<${type}>`, ownSecrets: spellings(chosen) };
/** Without a digit, as one of some thousand is. */
const letters = "aB".repeat(24) + "c";
const token = "hwa_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl-_x";

test.for([
  ["hw_", "an API key"],
  ["hwr_", "a refresh token"],
  ["hws_", "a session"],
  ["hwl_", "a link"],
  ["hwi_", "an invitation"],
])("%s: %s is taken out wherever it stands", ([prefix = ""]) => {
  const own = prefix + letters;
  const places = ["§", '{"x":"§"}', "a=§&b=1", "%20§", "x§", "\\n§.", "Bearer §", "[§]", "/p/§/x"];
  for (const place of places) {
    const text = place.replace("§", own);
    for (const shown of [redact(text, plain), redactOwn(text, plain)]) {
      expect(shown).not.toContain(own.slice(4));
    }
    expect(redactOwn(text, plain)).toBe(place.replace("§", "<hookwatch>"));
  }
});

test("an access token is taken out whole", () => {
  expect(redactOwn(`see ${token}. Then`, plain)).toBe("see <hookwatch>. Then");
  expect(redact(`{"a":"${token}"}`, plain)).toBe('{"a":"<hookwatch>"}');
});

test("a key that the operator chose is taken out, also as JSON writes it", () => {
  expect(redactOwn(`x ${chosen} y`, plain)).toBe("x <hookwatch> y");
  expect(redactOwn(JSON.stringify({ a: chosen, b: [chosen] }), plain)).toBe(
    '{"a":"<hookwatch>","b":["<hookwatch>"]}',
  );
});

test("an own credential that the end of a cut text cuts is taken out as far as it is there", () => {
  for (const own of [`hw_${letters}`, token]) {
    for (let length = 9; length <= own.length; length += 1) {
      const text = `x ${own.slice(0, length)}`;
      expect(redactOwn(text, plain, true)).toMatch(/^x <hookwatch>\.?$/);
    }
  }
});

test.for([
  "hw_accel=vaapi",
  "hw_encoder_preset_quality_level_of_the_first_stream",
  "HW_x",
  "hwa_x",
])("what only begins alike stays: %s", (text) => {
  expect(redactOwn(text, plain)).toBe(text);
});

test("secrets found are in order, apart, and nothing else is touched", () => {
  const piece = fc.constantFrom("hw_", "hwa_eyJ", "hw", letters, ".", "_", " ", chosen, "é", '"');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, cut) => {
      const text = pieces.join("");
      let last = 0;
      for (const { start, end } of findOwnSecrets(text, cut, [chosen, "chosen by"])) {
        expect(start).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThan(start);
        last = end;
      }
      expect(last).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 2_000 },
  );
});

test("megabytes of near-misses cost no more than reading them", () => {
  for (const unit of ["hw", "hw_", "hw_a", `hw_${"a".repeat(31)}`, "hwa_eyJ.", "hwa_eyJa"]) {
    const text = unit.repeat(1_000_000 / unit.length);
    const before = process.cpuUsage();
    redactOwn(text, plain);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000, unit).toBeLessThan(500);
  }
});
