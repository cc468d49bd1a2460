import fc from "fast-check";
import { expect, test } from "vitest";
import { exchangeMetadataUrl } from "./challenge.ts";

const url = "https://up.example/.well-known/oauth-protected-resource/mcp?a=b";

function exchanged(value: string) {
  const seen: string[] = [];
  const changed = exchangeMetadataUrl(value, (one) => {
    seen.push(one);
    return "NEW";
  });
  return { changed, seen };
}

test.for([
  ["alone", `Bearer resource_metadata="${url}"`, 'Bearer resource_metadata="NEW"'],
  ["without quotes", `Bearer resource_metadata=${url}`, "Bearer resource_metadata=NEW"],
  [
    "without quotes, amid others",
    `Bearer a=1, resource_metadata=${url}, b="2"`,
    'Bearer a=1, resource_metadata=NEW, b="2"',
  ],
  [
    "among others",
    `Bearer error="invalid_token", resource_metadata="${url}", scope="a b"`,
    'Bearer error="invalid_token", resource_metadata="NEW", scope="a b"',
  ],
  ["in other letters", `bearer Resource_Metadata = "${url}"`, 'bearer Resource_Metadata = "NEW"'],
  [
    "of DPoP",
    `DPoP algs="ES256", resource_metadata="${url}"`,
    'DPoP algs="ES256", resource_metadata="NEW"',
  ],
  [
    "with blanks for commas",
    `Bearer scope="x" resource_metadata="${url}"`,
    'Bearer scope="x" resource_metadata="NEW"',
  ],
  [
    "behind other challenges",
    `Negotiate abc==, Basic realm="x", Bearer resource_metadata="${url}"`,
    'Negotiate abc==, Basic realm="x", Bearer resource_metadata="NEW"',
  ],
  [
    "with escapes",
    `Bearer resource_metadata="${url.replace("mcp", "m\\cp")}"`,
    'Bearer resource_metadata="NEW"',
  ],
] as const)("the metadata URL is exchanged and nothing else: %s", ([, value, expected]) => {
  expect(exchanged(value)).toEqual({ changed: expected, seen: [url] });
});

test("each of several challenges is exchanged", () => {
  const value = `Bearer resource_metadata="${url}", DPoP algs="RS256", resource_metadata="${url}"`;
  expect(exchanged(value)).toEqual({
    changed: 'Bearer resource_metadata="NEW", DPoP algs="RS256", resource_metadata="NEW"',
    seen: [url, url],
  });
});

test.for([
  'Bearer realm="resource_metadata=x"',
  'Bearer realm="say \\"hi\\", resource_metadata=\\"x\\""',
  'Bearer error="invalid_token", scope="a"',
  "Bearer",
  'Bearer my_resource_metadata="x"',
  'Bearer resource_metadata_x="x"',
  "Bearer resource_metadata",
  "Bearer resource_metadata=",
  "Negotiate abcresource_metadata==",
  "",
])("a field that has none is kept as it is: %s", (value) => {
  expect(exchanged(value)).toEqual({ changed: value, seen: [] });
});

test("no field throws or hangs, and none without a metadata URL changes", () => {
  const pieces = fc.constantFrom(
    "Bearer ",
    "resource_metadata",
    "=",
    '"',
    "\\",
    ",",
    " ",
    "x",
    "\xff",
    "realm=",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      const value = parts.join("");
      const { changed, seen } = exchanged(value);
      if (seen.length === 0) expect(changed).toBe(value);
    }),
    { numRuns: 2_000 },
  );
});
