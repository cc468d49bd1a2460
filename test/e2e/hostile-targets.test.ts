/** Where upstreams may be, as the settings say it: when a server is registered, and again when it is called. */
import { expect, test } from "vitest";
import { startRig } from "./rig.ts";
import { startScripted } from "./scripted-upstream.ts";

const ping = { method: "POST", body: '{"jsonrpc":"2.0","id":7,"method":"ping"}' };
const register = { name: "target", target_url: "" };

test.for([
  ["local", {}, 201],
  ["local", { HOOKWATCH_EGRESS_DENY: "127.0.0.0/8" }, 400],
  ["local", { HOOKWATCH_EGRESS_DENY: "10.0.0.0/8" }, 201],
  ["public", {}, 400],
  ["public", { HOOKWATCH_EGRESS_HTTP: "1" }, 400],
  ["public", { HOOKWATCH_EGRESS_ALLOW: "127.0.0.0/8" }, 201],
  ["public", { HOOKWATCH_EGRESS_ALLOW: "127.0.0.0/8", HOOKWATCH_EGRESS_DENY: "127.0.0.1" }, 400],
] as const)(
  "a server on this machine with egress %s and %o is answered %d",
  async ([mode, lists, status]) => {
    await using upstream = await startScripted(({ request, response }) => {
      request.resume().once("end", () => response.end("{}"));
    });
    await using rig = await startRig({ environment: { HOOKWATCH_EGRESS: mode, ...lists } });
    const answer = await fetch(`${rig.url}/v1/mcp/servers`, {
      method: "POST",
      headers: { authorization: `Bearer ${rig.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ ...register, target_url: upstream.url }),
    });
    expect(answer.status).toBe(status);
    if (status !== 201) return;
    const { slug } = (await answer.json()) as { slug: string };
    expect((await fetch(`${rig.url}/p/${slug}`, ping)).status).toBe(200);
  },
);

test("a server that was registered where it may no longer be is not called", async () => {
  let asked = 0;
  await using upstream = await startScripted(({ response }) => {
    asked += 1;
    response.end("{}");
  });
  // Removes the directory at the end, after the second has ended.
  await using first = await startRig();
  const { server, url } = await first.register(upstream.url);
  expect((await fetch(url, ping)).status).toBe(200);
  const { dataDir, apiKey } = first;
  await first.kill();
  await using second = await startRig({
    dataDir,
    apiKey,
    environment: { HOOKWATCH_EGRESS_DENY: "127.0.0.1" },
  });
  const answer = await fetch(`${second.url}/p/${server.slug}`, ping);
  expect(answer.status).toBe(502);
  expect(answer.headers.get("proxy-status")).toBe("hookwatch; error=destination_ip_prohibited");
  expect(await answer.text()).not.toContain("127.0.0.1");
  expect(asked).toBe(1);
});
