import { describe, expect, onTestFinished, test, vi } from "vitest";
import { now, openRig } from "../../test/api/rig.ts";
import { newKeyText } from "../access/keys.ts";
import { RequestLimits } from "./request-limits.ts";

const path = "/v1/mcp/servers";
const stranger = "203.0.113.7";

/** Time that moves when it is told to, as the limiter's library sees it. */
function stopTime() {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now });
  onTestFinished(() => void vi.useRealTimers());
}

describe("requests of a team", () => {
  test("are as many a minute as its plan says, told with each answer, and begin anew", async () => {
    await using rig = await openRig("memory", { plan: { apiRequestsPerMinute: 3 } });
    stopTime();
    const remaining: (string | null)[] = [];
    for (let asked = 0; asked < 3; asked += 1) {
      const { status, headers } = await rig.ask("GET", path);
      expect(status).toBe(200);
      expect(headers.get("x-ratelimit-limit")).toBe("3");
      expect(headers.get("x-ratelimit-reset")).toBe(`${Math.ceil(now / 1_000) + 60}`);
      remaining.push(headers.get("x-ratelimit-remaining"));
    }
    expect(remaining).toEqual(["2", "1", "0"]);
    vi.advanceTimersByTime(59_000);
    const refused = await rig.ask("GET", path);
    expect(refused).toMatchObject({ status: 429, body: { error: { code: "rate_limited" } } });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
    vi.advanceTimersByTime(1_000);
    expect((await rig.ask("GET", path)).status).toBe(200);
  });

  test("count together, whoever of it asks, and apart from those of another", async () => {
    await using rig = await openRig("memory", { plan: { apiRequestsPerMinute: 2 } });
    const member = await rig.addMember("viewer");
    const other = await rig.addStranger();
    expect((await rig.ask("GET", path)).status).toBe(200);
    expect((await rig.ask("GET", path, { key: member.token })).status).toBe(200);
    expect((await rig.ask("GET", path, { key: member.key })).status).toBe(429);
    expect((await rig.ask("GET", path, { key: other.key })).status).toBe(200);
  });

  test("a plan without a limit says nothing of one", async () => {
    await using rig = await openRig("memory");
    const { headers } = await rig.ask("GET", path);
    expect([...headers.keys()].filter((name) => name.includes("ratelimit"))).toEqual([]);
  });
});

describe("requests without a good credential", () => {
  test("are limited by network, whatever they ask for", async () => {
    await using rig = await openRig("memory", { anonymousPerMinute: 2 });
    const ask = (from: string) => rig.ask("GET", "/v1/nope", { key: newKeyText(), from });
    expect((await ask(stranger)).status).toBe(401);
    expect((await rig.ask("GET", path, { key: null, from: stranger })).status).toBe(401);
    const refused = await ask(stranger);
    expect(refused).toMatchObject({ status: 429, body: { error: { code: "rate_limited" } } });
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d?$/);
    expect((await ask("203.0.113.8")).status).toBe(401);
  });

  test("never hold back who has one, behind the same address", async () => {
    await using rig = await openRig("memory", { anonymousPerMinute: 1 });
    for (let asked = 0; asked < 5; asked += 1)
      await rig.ask("GET", path, { key: null, from: stranger });
    expect((await rig.ask("GET", path, { from: stranger })).status).toBe(200);
  });

  test("an IPv6 subscriber is one network, however many addresses it has", async () => {
    const limits = new RequestLimits(2);
    const take = async (address: string) => (await limits.ofAddress(address))?.exceeded;
    expect(await take("2001:db8:0:7::1")).toBe(false);
    expect(await take("2001:db8:0:7:ffff::2")).toBe(false);
    expect(await take("2001:db8:0:7:1:2:3:4")).toBe(true);
    expect(await take("2001:db8:0:8::1")).toBe(false);
  });

  test("from this machine are not counted, nor where there is no limit", async () => {
    const limits = new RequestLimits(1);
    for (const address of ["127.0.0.1", "127.1.2.3", "::1"]) {
      for (let asked = 0; asked < 3; asked += 1)
        expect(await limits.ofAddress(address)).toBeUndefined();
    }
    expect(await new RequestLimits(0).ofAddress(stranger)).toBeUndefined();
    expect(await limits.ofTeam("a", 0)).toBeUndefined();
  });
});
