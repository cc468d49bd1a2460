import { expect, test } from "vitest";
import { type AttemptLimits, Attempts } from "./attempts.ts";

const wide = { attemptsMax: 1_000_000, windowS: 60, lockoutS: 60 };
const limits = (changes: Partial<AttemptLimits>): AttemptLimits => ({
  byAccount: wide,
  byAccountDaily: wide,
  byNetwork: wide,
  ...changes,
});
const three = { attemptsMax: 3, windowS: 60, lockoutS: 90 };
const refused = { code: "rate_limited", retryAfterS: 90 };

test("what is refused says how long, and others are not", async () => {
  const attempts = new Attempts(limits({ byAccount: three }));
  for (let at = 0; at < 3; at++) await attempts.begin("192.0.2.1", "ada");
  await expect(attempts.begin("192.0.2.1", "ada")).rejects.toMatchObject(refused);
  await attempts.begin("192.0.2.1", "eve");
  await attempts.begin("192.0.2.2", "ada");
});

test("a success is no guess", async () => {
  const attempts = new Attempts(limits({ byAccount: three, byNetwork: three }));
  for (let at = 0; at < 20; at++) await (await attempts.begin("192.0.2.1", "ada")).succeeded();
  for (let at = 0; at < 3; at++) await attempts.begin("192.0.2.1", "ada");
  await expect(attempts.begin("192.0.2.1", "ada")).rejects.toMatchObject(refused);
});

test("what was not looked at does not count, and clears nothing that did", async () => {
  const attempts = new Attempts(limits({ byAccount: three, byNetwork: three }));
  const away = () => Promise.reject(new Error("away"));
  const unlooked = async () => {
    const attempt = await attempts.begin("192.0.2.1", "ada");
    await expect(attempt.looked(away)).rejects.toThrow("away");
  };
  for (let at = 0; at < 20; at++) await unlooked();
  await attempts.begin("192.0.2.1", "ada");
  await attempts.begin("192.0.2.1", "ada");
  for (let at = 0; at < 20; at++) await unlooked();
  await attempts.begin("192.0.2.1", "ada");
  await expect(attempts.begin("192.0.2.1", "ada")).rejects.toMatchObject(refused);
});

test("a network is refused for what it tries on many, and its own success does not clear that", async () => {
  const attempts = new Attempts(limits({ byNetwork: three }));
  await attempts.begin("2001:db8::1", "a");
  await attempts.begin("2001:db8::2", "b");
  await (await attempts.begin("2001:db8::3", "own")).succeeded();
  await attempts.begin("2001:db8::4", "c");
  await expect(attempts.begin("2001:db8::5", "d")).rejects.toMatchObject(refused);
  await attempts.begin("2001:db8:0:1::5", "d");
});

test("it gets slower for who goes on all day", async () => {
  const day = { attemptsMax: 5, windowS: 86_400, lockoutS: 3_600 };
  const attempts = new Attempts(limits({ byAccountDaily: day }));
  for (let at = 0; at < 5; at++) await attempts.begin("192.0.2.1", "ada");
  await expect(attempts.begin("192.0.2.1", "ada")).rejects.toMatchObject({ retryAfterS: 3_600 });
});

test("of more than 50,000 networks those touched last are known, and memory is bounded", async () => {
  const attempts = new Attempts(limits({ byNetwork: { ...three, attemptsMax: 1 } }));
  await attempts.begin("first");
  for (let at = 0; at < 50_000; at++) await attempts.begin(`network ${at}`);
  await expect(attempts.begin("network 49999")).rejects.toMatchObject({ code: "rate_limited" });
  // Forgotten, as the one touched longest ago.
  await attempts.begin("first");
});
