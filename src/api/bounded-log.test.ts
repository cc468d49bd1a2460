import { expect, test, vi } from "vitest";
import { engines, openRig } from "../../test/api/rig.ts";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { boundedLog } from "./bounded-log.ts";

test("a team has 64 questions open and no more, which keeps nobody else from asking", async () => {
  const log = new MemoryCallLog();
  const { promise, resolve } = Promise.withResolvers<number>();
  vi.spyOn(log, "count").mockReturnValue(promise);
  const bounded = boundedLog(log);
  const open = Array.from({ length: 64 }, () => bounded.count("a", {}));
  await expect(bounded.count("a", {})).rejects.toMatchObject({ code: "rate_limited" });
  await expect(bounded.find("a", "x")).rejects.toMatchObject({ code: "rate_limited" });
  await expect(bounded.find("b", "x")).resolves.toBeUndefined();
  resolve(1);
  await Promise.all(open);
  await expect(bounded.find("a", "x")).resolves.toBeUndefined();
});

test("a host has 512", async () => {
  const log = new MemoryCallLog();
  vi.spyOn(log, "count").mockReturnValue(new Promise(() => {}));
  const bounded = boundedLog(log);
  for (let team = 0; team < 8; team += 1)
    for (let asked = 0; asked < 64; asked += 1) void bounded.count(`${team}`, {});
  await expect(bounded.count("another", {})).rejects.toMatchObject({ code: "unavailable" });
});

test("a question that fails gives its place back", async () => {
  const log = new MemoryCallLog();
  vi.spyOn(log, "count").mockRejectedValue(new Error("away"));
  const bounded = boundedLog(log);
  for (let asked = 0; asked < 100; asked += 1)
    await expect(bounded.count("a", {})).rejects.toThrow("away");
});

test.for(engines)(
  "too many questions at once are 429 with a time to come back, on %s",
  async (engine) => {
    await using rig = await openRig(engine);
    const asked = Array.from({ length: 80 }, () => rig.ask("GET", "/v1/mcp/calls/count"));
    const answers = await Promise.all(asked);
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
    for (const { headers } of refused) expect(headers.get("retry-after")).toBe("1");
    expect((await rig.ask("GET", "/v1/mcp/calls/count")).status).toBe(200);
  },
);
