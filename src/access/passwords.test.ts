import { describe, expect, test } from "vitest";
import { cheap } from "../../test/access/rig.ts";
import { Passwords, passwordCost } from "./passwords.ts";

const password = "correct horse battery";

test("rests as argon2id at the cost that OWASP asks for, and matches itself alone", async () => {
  const passwords = new Passwords();
  const phc = await passwords.hash(password);
  expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await passwords.verify(password, phc)).toEqual({ matches: true, isOutdated: false });
  for (const other of [`${password} `, password.toUpperCase(), "", password.slice(1)])
    expect(await passwords.verify(other, phc), other).toMatchObject({ matches: false });
});

test("two hashes of one password share nothing", async () => {
  const passwords = new Passwords(cheap);
  const [one, two] = [await passwords.hash(password), await passwords.hash(password)];
  expect(one.split("$").slice(4)).not.toEqual(two.split("$").slice(4));
});

test("reads what other programs wrote", async () => {
  // "password" with "somesalt": https://github.com/P-H-C/phc-winner-argon2/blob/master/src/test.c
  const reference =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
  const passwords = new Passwords();
  expect(await passwords.verify("password", reference)).toEqual({
    matches: true,
    isOutdated: true,
  });
  expect(await passwords.verify("passwore", reference)).toEqual({
    matches: false,
    isOutdated: false,
  });
});

test.for([
  "",
  "$argon2id$",
  "$2b$12$x",
  "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAA",
])("a stored hash that is none is a fault of ours, not a wrong password: %j", async (phc) => {
  const passwords = new Passwords(cheap);
  await expect(passwords.verify(password, phc)).rejects.toMatchObject({ code: "internal_error" });
});

test("the same characters match, however they were typed", async () => {
  const passwords = new Passwords(cheap);
  const phc = await passwords.hash("caf\u00e9 au lait, s'il vous pla\u00eet");
  const typed = "cafe\u0301 au lait, s'il vous plai\u0302t";
  expect(await passwords.verify(typed, phc)).toMatchObject({ matches: true });
});

describe("without a hash", () => {
  test("nothing matches", async () => {
    const passwords = new Passwords(cheap);
    for (const text of [password, "", "undefined"])
      expect(await passwords.verify(text, undefined)).toEqual({
        matches: false,
        isOutdated: false,
      });
  });

  test("it takes as long as with one", async () => {
    const passwords = new Passwords();
    const phc = await passwords.hash(password);
    const times = { known: [] as number[], unknown: [] as number[] };
    // By turns, so that whatever else the machine does slows both.
    for (let round = 0; round < 15; round++) {
      for (const [name, hash] of [
        ["known", phc],
        ["unknown", undefined],
      ] as const) {
        const startMs = performance.now();
        await passwords.verify("wrong", hash);
        times[name].push(performance.now() - startMs);
      }
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[7] ?? 0;
    const [known, unknown] = [median(times.known), median(times.unknown)];
    expect(unknown / known).toBeGreaterThan(0.5);
    expect(unknown / known).toBeLessThan(2);
  });
});

test("66 at once are served, one more is refused, and then there is room again", async () => {
  const passwords = new Passwords({ ...passwordCost, memoryKiB: 64 }, 2);
  const many = Array.from({ length: 66 }, () => passwords.hash(password));
  await expect(passwords.hash(password)).rejects.toMatchObject({
    code: "unavailable",
    retryAfterS: 2,
  });
  expect(new Set(await Promise.all(many)).size).toBe(66);
  expect(await passwords.hash(password)).toContain("$argon2id$");
});

test("hashing leaves the main thread free", async () => {
  const passwords = new Passwords();
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 1);
  await Promise.all(Array.from({ length: 10 }, () => passwords.hash(password)));
  clearInterval(turning);
  expect(turns).toBeGreaterThan(10);
});
