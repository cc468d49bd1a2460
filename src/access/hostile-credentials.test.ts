import fc from "fast-check";
import { expect, test } from "vitest";
import { openAccessRig } from "../../test/access/rig.ts";
import { Problem } from "../problem.ts";
import { secretPrefixes } from "./secret-text.ts";

const refusals = new Set([
  "authentication_required",
  "invalid_token",
  "token_expired",
  "validation_error",
  "resource_not_found",
  "forbidden",
]);

test("whatever credentials are made up, they are refused in words of the API, and let nobody in", async () => {
  await using rig = await openAccessRig();
  const { text: key } = await rig.addKey();
  const { text: token } = await rig.token(rig.owner);
  const { secret } = await rig.begin(rig.owner, "cookie");
  const parts = [
    "Bearer ",
    "bearer",
    "hwa_",
    "eyJ",
    ".",
    "=",
    ";",
    ",",
    " ",
    "__Host-hookwatch=",
    "%00",
  ];
  const piece = fc.oneof(
    fc.constantFrom(...parts, ...Object.values(secretPrefixes)),
    fc.string({ unit: "binary-ascii", maxLength: 12 }),
    fc
      .constantFrom(key, token, secret)
      .chain((good) => fc.nat(good.length - 1).map((at) => good.slice(0, at) + good.slice(at + 1))),
  );
  const value = fc.array(piece, { maxLength: 6 }).map((pieces) =>
    pieces
      .join("")
      .replace(/[^\x20-\x7e]/g, "")
      .trim(),
  );
  const fields = fc.record(
    { authorization: value, "x-api-key": value, cookie: value, "x-team-id": value },
    { requiredKeys: [] },
  );
  const method = fc.constantFrom("GET", "POST", "DELETE");
  await fc.assert(
    fc.asyncProperty(fields, method, async (given, how) => {
      const refusal = await rig.ask(given as Record<string, string>, how).catch((error) => error);
      expect(refusal).toBeInstanceOf(Problem);
      expect(refusals).toContain((refusal as Problem).code);
    }),
    { numRuns: 10_000 },
  );
  // The ones that were not made up still do.
  expect(await rig.ask({ "x-api-key": key })).toMatchObject({ role: "owner" });
  expect(await rig.ask({ authorization: `Bearer ${token}` })).toMatchObject({ role: "owner" });
});
