import { describe, expect, test } from "vitest";
import type { ApiKey } from "../team.ts";
import { authenticate } from "./authenticate.ts";
import { digestOf, newKeyText } from "./keys.ts";

const key = newKeyText();
const operatorKey = "correct horse battery staple, given by the operator";
const caller = { userId: "u", teamId: "t" };

/** A registry that knows two keys and remembers what it was asked. */
function registryOfTwo() {
  const asked: string[] = [];
  const findKey = async (digest: string): Promise<ApiKey | undefined> => {
    asked.push(digest);
    if (digest !== digestOf(key) && digest !== digestOf(operatorKey)) return undefined;
    return { ...caller, id: "k", name: "", secretDigest: digest, lastFour: "", createdAtMs: 1 };
  };
  return { asked, findKey };
}

describe("a caller is known by", () => {
  test.for([
    { why: "a bearer token", authorization: `Bearer ${key}` },
    { why: "a bearer token, the word in any case", authorization: `bEARER ${key}` },
    { why: "a bearer token after several blanks", authorization: `Bearer    ${key}` },
    { why: "X-API-Key", xApiKey: key },
    { why: "both with the same key", authorization: `Bearer ${key}`, xApiKey: key },
    {
      why: "X-API-Key beside a scheme meant for another",
      authorization: "Basic eA==",
      xApiKey: key,
    },
    { why: "an operator's key of another form", authorization: `Bearer ${operatorKey}` },
  ])("$why", async ({ authorization, xApiKey }) => {
    await expect(authenticate(registryOfTwo(), authorization, xApiKey)).resolves.toEqual(caller);
  });
});

describe("a caller is asked for a credential when there is", () => {
  test.for([
    { why: "none" },
    { why: "an empty field", authorization: "" },
    { why: "an empty key", authorization: "Bearer ", xApiKey: "" },
    { why: "another scheme", authorization: `Basic ${key}` },
    { why: "no scheme", authorization: key },
    { why: "the word and the key in one", authorization: `Bearer${key}` },
  ])("$why", async ({ authorization, xApiKey }) => {
    const answer = authenticate(registryOfTwo(), authorization, xApiKey);
    await expect(answer).rejects.toMatchObject({ code: "authentication_required" });
  });
});

test("an unknown key is refused after one look", async () => {
  const registry = registryOfTwo();
  const answer = authenticate(registry, `Bearer ${newKeyText()}`);
  await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
  expect(registry.asked).toHaveLength(1);
});

test.for([
  { why: "too short", text: "short" },
  { why: "of our form with a wrong checksum", text: `hw_${"0".repeat(49)}` },
  { why: "too long", text: "k".repeat(201) },
  {
    why: "with two credentials in one field",
    text: `${"k".repeat(120)}, Bearer ${"k".repeat(120)}`,
  },
])("text that can be no key is refused without asking the registry: $why", async ({ text }) => {
  const registry = registryOfTwo();
  const answer = authenticate(registry, `Bearer ${text}`);
  await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
  expect(registry.asked).toEqual([]);
});

test("two different keys are refused, even if one of them is known", async () => {
  const answer = authenticate(registryOfTwo(), `Bearer ${key}`, newKeyText());
  await expect(answer).rejects.toMatchObject({ code: "validation_error" });
});
