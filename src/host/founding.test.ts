import { describe, expect, test } from "vitest";
import { isKey } from "../access/keys.ts";
import { digestOf } from "../access/secret-text.ts";
import { systemClock } from "../clock.ts";
import { newId } from "../id.ts";
import { openMemoryRegistry } from "../store/memory/registry.ts";
import type { Registry } from "../store/registry.ts";
import { Secret } from "./config.ts";
import { bootstrapOwner, found } from "./founding.ts";

const start = (registry: Registry, key?: string) =>
  found(registry, key === undefined ? undefined : new Secret(key), systemClock, "http://h");

describe("the first start", () => {
  test("makes a key that is valid for the team it made, and later starts make none", async () => {
    const registry = openMemoryRegistry();
    const key = (await start(registry)).newKey ?? "";
    expect(isKey(key)).toBe(true);
    expect(await registry.findKey(digestOf(key))).toMatchObject({ name: "first key" });
    expect((await start(registry)).newKey).toBeUndefined();
  });

  test("makes its user the owner of its team", async () => {
    const registry = openMemoryRegistry();
    await start(registry);
    const user = await registry.findUserByEmail("owner@localhost");
    const [team] = await registry.teams();
    expect(team?.plan).toBe("default");
    expect(await registry.roleOf(team?.id ?? "", user?.id ?? "")).toBe("owner");
  });

  test("with a key from the operator makes none and admits that one", async () => {
    const registry = openMemoryRegistry();
    expect((await start(registry, "a".repeat(32))).newKey).toBeUndefined();
    expect(await registry.findKey(digestOf("a".repeat(32)))).toBeDefined();
  });
});

test("a founder who handed the team over leaves a key and a link to whom it is now", async () => {
  const registry = openMemoryRegistry();
  await start(registry);
  const { user: founder, team } = await bootstrapOwner(registry, systemClock);
  const atMs = systemClock.nowMs();
  const event = { teamId: team.id, sourceIp: "", subjectId: "", details: {}, atMs } as const;
  const heir = { id: newId(), email: "heir@example.com", createdAtMs: atMs };
  const own = { id: newId(), name: "Heir", plan: "default", createdAtMs: atMs };
  await registry.addUser({ user: heir, team: own }, undefined, {
    ...event,
    action: "user.registered",
  });
  const secretDigest = digestOf("an invitation");
  const invitation = { id: newId(), teamId: team.id, email: heir.email, userId: founder.id };
  await registry.addInvitation(
    { ...invitation, role: "owner", secretDigest, createdAtMs: atMs, expiresAtMs: atMs + 1_000 },
    { ...event, action: "invitation.created" },
  );
  const { teamId: _, ...joining } = { ...event, action: "member.joined" as const };
  await registry.acceptInvitation(secretDigest, heir, joining);
  await registry.removeMember(team.id, founder.id, { ...event, action: "member.removed" });

  const { signInUrl } = await start(registry, "k".repeat(40));
  expect(await registry.findKey(digestOf("k".repeat(40)))).toMatchObject({ userId: heir.id });
  const link = digestOf(signInUrl?.split("#token=")[1] ?? "");
  expect(await registry.spendSignInLink(link, atMs)).toMatchObject({ id: heir.id });
});

describe("a link to sign in", () => {
  const spend = (registry: Registry, url: string | undefined) =>
    registry.spendSignInLink(digestOf(url?.split("#token=")[1] ?? ""), systemClock.nowMs());

  test("is made at each start while the owner has no password, and signs the owner in once", async () => {
    const registry = openMemoryRegistry();
    const [first, second] = [await start(registry), await start(registry)];
    expect(first.signInUrl).toMatch(/^http:\/\/h\/sign-in#token=hwl_\w{49}$/);
    expect(second.signInUrl).not.toBe(first.signInUrl);
    for (const { signInUrl } of [first, second]) {
      expect(await spend(registry, signInUrl)).toMatchObject({ email: "owner@localhost" });
      expect(await spend(registry, signInUrl)).toBeUndefined();
    }
  });

  test("is made no more once the owner has a password", async () => {
    const registry = openMemoryRegistry();
    await start(registry);
    const { user, team } = await bootstrapOwner(registry, systemClock);
    const what = { teamId: team.id, sourceIp: "", subjectId: user.id, details: {}, atMs: 1 };
    const trail = { ...what, action: "user.password_changed" } as const;
    await registry.setPasswordHash(user.id, undefined, "a hash", undefined, trail);
    expect((await start(registry)).signInUrl).toBeUndefined();
  });
});

describe("a later start", () => {
  test("with another key from the operator ends the one before, and no other", async () => {
    const registry = openMemoryRegistry();
    const made = (await start(registry)).newKey ?? "";
    await start(registry, "a".repeat(32));
    await start(registry, "b".repeat(32));
    expect(await registry.findKey(digestOf("a".repeat(32)))).toBeUndefined();
    expect(await registry.findKey(digestOf("b".repeat(32)))).toBeDefined();
    expect(await registry.findKey(digestOf(made))).toBeDefined();
  });

  test("without the operator's key leaves it valid", async () => {
    const registry = openMemoryRegistry();
    await start(registry, "a".repeat(32));
    const { newKey, isOwn } = await start(registry);
    expect(newKey).toBeUndefined();
    expect(await registry.findKey(digestOf("a".repeat(32)))).toBeDefined();
    expect(isOwn("a".repeat(32))).toBe(true);
    expect(isOwn(`${"b".repeat(28)}aaaa`)).toBe(false);
  });
});

test("what becomes of the operator's keys is in the audit log", async () => {
  const registry = openMemoryRegistry();
  await start(registry, "a".repeat(32));
  await start(registry, "b".repeat(32));
  const [team] = await registry.teams();
  const entries = await registry.audit(team?.id ?? "", { limit: 10, actions: [] });
  const name = "from HOOKWATCH_API_KEY";
  expect(entries.map(({ action, details }) => ({ action, details }))).toEqual([
    { action: "key.created", details: { name } },
    { action: "key.revoked", details: { name } },
    { action: "key.created", details: { name } },
  ]);
});
