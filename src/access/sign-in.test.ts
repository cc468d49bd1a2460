import { expect, test } from "vitest";
import { cheap, dayMs, openAccessRig } from "../../test/access/rig.ts";
import { Passwords } from "./passwords.ts";
import { newSignInLink } from "./sign-in-links.ts";

const password = "correct horse battery";
const ip = "192.0.2.1";

test("a hash of another cost is replaced at the next sign-in, and nothing else changes", async () => {
  await using rig = await openAccessRig();
  const old = await new Passwords({ ...cheap, passes: 3 }).hash(password);
  const ada = await rig.addUser("ada@example.com", old);
  const { session } = await rig.begin(ada, "cookie");
  await expect(
    rig.access.signIn.byPassword("ada@example.com", "another password", ip),
  ).rejects.toMatchObject({ code: "invalid_token" });
  expect(await rig.registry.passwordHash(ada.user.id)).toBe(old);
  await rig.access.signIn.byPassword("ada@example.com", password, ip);
  const renewed = await rig.registry.passwordHash(ada.user.id);
  expect(renewed).toContain("m=8,t=1,p=1");
  expect(await rig.registry.findSession(session.id)).toBeDefined();
  await rig.access.signIn.byPassword("ada@example.com", password, ip);
  expect(await rig.registry.passwordHash(ada.user.id)).toBe(renewed);
});

test("a known and an unknown address take the registry the same steps", async () => {
  await using rig = await openAccessRig();
  const hash = await new Passwords(cheap).hash(password);
  await rig.addUser("ada@example.com", hash);
  const writes: string[] = [];
  const { addAudit } = rig.registry;
  rig.registry.addAudit = (event) => {
    writes.push(event.action);
    return addAudit(event);
  };
  for (const email of ["ada@example.com", "nobody@example.com"]) {
    const answer = rig.access.signIn.byPassword(email, "another password", ip);
    await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
    // What failed is written later, apart from the answer.
    expect(writes).toEqual([]);
  }
  await rig.access[Symbol.asyncDispose]();
  expect(writes).toEqual(["user.sign_in_failed"]);
});

test("who comes when too many are at it is refused, and not counted as one who guesses", async () => {
  await using rig = await openAccessRig();
  const hash = await new Passwords(cheap).hash(password);
  await rig.addUser("ada@example.com", hash);
  const signIn = (n: number) =>
    rig.access.signIn.byPassword("ada@example.com", password, `192.0.2.${n}`);
  const crowd = Array.from({ length: 200 }, (_, n) => signIn(n));
  const outcomes = await Promise.allSettled(crowd);
  const refused = outcomes.flatMap((one, n) => (one.status === "rejected" ? [{ ...one, n }] : []));
  expect(refused.length).toBeGreaterThan(100);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: "unavailable" });
  const again = refused[0]?.n ?? 0;
  for (let round = 0; round < 10; round++) await signIn(again);
});

test("of a hundred uses of a link at once exactly one signs in", async () => {
  await using rig = await openAccessRig();
  const url = await newSignInLink(rig.registry, "http://h", rig.owner.user.id, rig.clock.nowMs());
  const token = url.split("#token=")[1] ?? "";
  const uses = Array.from({ length: 100 }, () => rig.access.signIn.byLink(token));
  const outcomes = await Promise.allSettled(uses);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("a link works for a day, and not at its end", async () => {
  await using rig = await openAccessRig();
  const link = async () => {
    const now = rig.clock.nowMs();
    const url = await newSignInLink(rig.registry, "http://h", rig.owner.user.id, now);
    return url.split("#token=")[1] ?? "";
  };
  const [early, late] = [await link(), await link()];
  rig.pass(dayMs - 1);
  expect(await rig.access.signIn.byLink(early)).toEqual(rig.owner.user);
  rig.pass(1);
  await expect(rig.access.signIn.byLink(late)).rejects.toMatchObject({ code: "invalid_token" });
});

test("a link to a user who has set a password since is worth nothing", async () => {
  await using rig = await openAccessRig();
  const now = rig.clock.nowMs();
  const url = await newSignInLink(rig.registry, "http://h", rig.owner.user.id, now);
  const { session } = await rig.begin(rig.owner, "cookie");
  const caller = {
    ...{ userId: rig.owner.user.id, teamId: rig.owner.team.id, role: "owner" as const },
    ...{ scopes: new Set<never>(), sourceIp: ip },
    credential: { kind: "cookie" as const, id: session.id },
  };
  await rig.access.setPassword(caller, undefined, password);
  const answer = rig.access.signIn.byLink(url.split("#token=")[1] ?? "");
  await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
});
