import { describe, expect, test } from "vitest";
import { digestOf, isKey } from "../access/keys.ts";
import { systemClock } from "../clock.ts";
import { MemoryRegistry } from "../store/memory/registry.ts";
import { Secret } from "./config.ts";
import { found } from "./founding.ts";

const start = (registry: MemoryRegistry, key?: string) =>
  found(registry, key === undefined ? undefined : new Secret(key), systemClock);

describe("the first start", () => {
  test("makes a key that is valid for the team it made, and later starts make none", async () => {
    const registry = new MemoryRegistry();
    const key = (await start(registry)).newKey ?? "";
    expect(isKey(key)).toBe(true);
    expect(await registry.findKey(digestOf(key))).toMatchObject({ name: "first key" });
    expect((await start(registry)).newKey).toBeUndefined();
  });

  test("with a key from the operator makes none and admits that one", async () => {
    const registry = new MemoryRegistry();
    expect((await start(registry, "a".repeat(32))).newKey).toBeUndefined();
    expect(await registry.findKey(digestOf("a".repeat(32)))).toBeDefined();
  });
});

describe("a later start", () => {
  test("with another key from the operator ends the one before, and no other", async () => {
    const registry = new MemoryRegistry();
    const made = (await start(registry)).newKey ?? "";
    await start(registry, "a".repeat(32));
    await start(registry, "b".repeat(32));
    expect(await registry.findKey(digestOf("a".repeat(32)))).toBeUndefined();
    expect(await registry.findKey(digestOf("b".repeat(32)))).toBeDefined();
    expect(await registry.findKey(digestOf(made))).toBeDefined();
  });

  test("without the operator's key leaves it valid", async () => {
    const registry = new MemoryRegistry();
    await start(registry, "a".repeat(32));
    const { newKey, isOwn } = await start(registry);
    expect(newKey).toBeUndefined();
    expect(await registry.findKey(digestOf("a".repeat(32)))).toBeDefined();
    expect(isOwn("a".repeat(32))).toBe(true);
    expect(isOwn(`${"b".repeat(28)}aaaa`)).toBe(false);
  });
});
