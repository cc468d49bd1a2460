import { describe, expect, test } from "vitest";
import { engines, fieldError, now, openRig } from "../../test/api/rig.ts";
import { isKey } from "../access/keys.ts";
import { scopes } from "../api-key.ts";
import { newId } from "../id.ts";
import type { WireApiKeyList, WireMadeApiKey } from "./wire-keys.ts";

const path = "/v1/api-keys";
const dayMs = 86_400_000;

describe.for(engines)("API keys on %s", (engine) => {
  test("one is shown once, works at once, and is masked ever after", async () => {
    await using rig = await openRig(engine);
    const asked = { body: { name: " CI ", scopes: ["calls:read", "servers:read"] } };
    const { status, body } = await rig.ask<WireMadeApiKey>("POST", path, asked);
    expect(status).toBe(201);
    const { key, ...shown } = body;
    expect(isKey(key)).toBe(true);
    expect(shown).toEqual({
      id: expect.any(String),
      ...{ name: "CI", masked: `hw_…${key.slice(-4)}`, user_id: rig.founder.userId },
      scopes: ["servers:read", "calls:read"],
      created_at: new Date(now).toISOString(),
      expires_at: new Date(now + 90 * dayMs).toISOString(),
      ...{ last_used_at: null, last_used_ip: null },
    });
    const list = await rig.ask<WireApiKeyList>("GET", path);
    expect(list.body.data.find(({ id }) => id === shown.id)).toEqual(shown);
    expect(list.text).not.toContain(key);
    expect((await rig.ask("GET", "/v1/mcp/servers", { key })).status).toBe(200);
    expect((await rig.ask("GET", path, { key })).status).toBe(403);
    const [entry] = await rig.registry.audit(rig.founder.teamId, { limit: 1, actions: [] });
    expect(entry).toMatchObject({
      ...{ action: "key.created", subjectId: shown.id, credentialId: rig.founder.keyId },
      details: { name: "CI", scopes: "servers:read calls:read" },
    });
    expect(JSON.stringify(entry)).not.toContain(key);
  });

  test("has all scopes of its maker unless fewer are asked for, and never one more", async () => {
    await using rig = await openRig(engine);
    const all = await rig.ask<WireMadeApiKey>("POST", path, { body: { name: "all" } });
    expect(all.body.scopes).toEqual(scopes);
    const { key } = await rig.addKey(rig.founder, { scopes: ["keys:manage", "calls:read"] });
    const few = await rig.ask<WireMadeApiKey>("POST", path, { key, body: { name: "few" } });
    expect(few.body.scopes).toEqual(["calls:read", "keys:manage"]);
    const asked = { key, body: { name: "more", scopes: ["calls:read", "calls:delete", "admin"] } };
    expect(await rig.ask("POST", path, asked)).toMatchObject({
      status: 403,
      body: {
        error: {
          code: "forbidden",
          message:
            "a key may do no more than who makes it, and you do not have calls:delete, admin",
        },
      },
    });
    expect(await rig.registry.keys(rig.founder.teamId)).toHaveLength(4);
  });

  test("is refused from the moment it is deleted", async () => {
    await using rig = await openRig(engine);
    const { key, keyId } = await rig.addKey(rig.founder);
    expect((await rig.ask("DELETE", `${path}/${keyId}`)).status).toBe(204);
    expect((await rig.ask("GET", path, { key })).status).toBe(401);
    expect((await rig.ask("DELETE", `${path}/${keyId}`)).status).toBe(404);
    const [entry] = await rig.registry.audit(rig.founder.teamId, { limit: 1, actions: [] });
    expect(entry).toMatchObject({ action: "key.revoked", subjectId: keyId });
  });

  test("of another team is not shown nor deleted, and looks like none", async () => {
    await using rig = await openRig(engine);
    const { keyId, teamId } = await rig.addStranger();
    const foreign = await rig.ask("DELETE", `${path}/${keyId}`);
    const unknown = await rig.ask("DELETE", `${path}/${newId()}`);
    expect(foreign).toMatchObject({ status: 404, text: unknown.text });
    expect(await rig.registry.keys(teamId)).toHaveLength(1);
    expect((await rig.ask("GET", path)).text).not.toContain(keyId);
  });

  test("fifty at once never exceed the plan's limit, and expired ones make room", async () => {
    await using rig = await openRig(engine, { plan: { keysMax: 4 } });
    const create = () => rig.ask<WireMadeApiKey>("POST", path, { body: { name: "one" } });
    const answers = await Promise.all(Array.from({ length: 50 }, create));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([...Array(3).fill(201), ...Array(47).fill(403)]);
    expect(answers.find(({ status }) => status === 403)?.body).toMatchObject({
      error: { code: "plan_limit_reached", message: "the plan has room for 4 API keys" },
    });
    const made = answers.find(({ status }) => status === 201);
    await rig.registry.removeKey(rig.founder.teamId, made?.body.id ?? "");
    await rig.addKey(rig.founder, { expiresAtMs: now });
    expect((await create()).status).toBe(201);
  });

  test("expires when it says so: then it is 401, a moment before it works", async () => {
    let nowMs = now;
    await using rig = await openRig(engine, {
      clock: { nowMs: () => nowMs, monotonicMs: () => 0 },
    });
    const expires_at = new Date(now + 1_000).toISOString();
    const asked = { body: { name: "brief", expires_at } };
    const { key } = (await rig.ask<WireMadeApiKey>("POST", path, asked)).body;
    nowMs += 999;
    expect((await rig.ask("GET", path, { key })).status).toBe(200);
    nowMs += 1;
    expect(await rig.ask("GET", path, { key })).toMatchObject({
      status: 401,
      body: { error: { code: "token_expired" } },
    });
  });
});

test("a key made by a key ends with it at the latest", async () => {
  await using rig = await openRig("memory");
  const end = new Date(now + dayMs).toISOString();
  const first = { body: { name: "a day", expires_at: end } };
  const { key } = (await rig.ask<WireMadeApiKey>("POST", path, first)).body;
  for (const expires_at of [null, new Date(now + dayMs + 1).toISOString()]) {
    const { status, body } = await rig.ask("POST", path, { key, body: { name: "x", expires_at } });
    expect([status, body.error.details]).toEqual([
      400,
      [{ field: "expires_at", message: `must not be after that of the key that makes it, ${end}` }],
    ]);
  }
  const made = await rig.ask("POST", path, { key, body: { name: "as long" } });
  expect(made.body).toMatchObject({ expires_at: end });
});

test("a key that never expires is asked for by null", async () => {
  await using rig = await openRig("memory");
  const asked = { body: { name: "for ever", expires_at: null } };
  expect((await rig.ask("POST", path, asked)).body).toMatchObject({ expires_at: null });
});

test("a thousand keys that have expired are kept, and no more can come until some are deleted", async () => {
  await using rig = await openRig("memory");
  const expired = { expiresAtMs: now };
  const { keyId } = await rig.addKey(rig.founder, expired);
  for (let made = 1; made < 1_000; made += 1) await rig.addKey(rig.founder, expired);
  const create = () => rig.ask("POST", path, { body: { name: "one more" } });
  expect(await create()).toMatchObject({
    status: 403,
    body: { error: { code: "plan_limit_reached" } },
  });
  await rig.ask("DELETE", `${path}/${keyId}`);
  expect((await create()).status).toBe(201);
});

const future = "must be in the future, within 100 years; null means never";
test.for([
  [{ name: "" }, "name", "must not be empty"],
  [{ name: "x".repeat(101) }, "name", "is 101 characters long, the limit is 100"],
  [{ name: "n", expires_at: new Date(now).toISOString() }, "expires_at", future],
  [{ name: "n", expires_at: "2199-01-01" }, "expires_at", future],
  [{ name: "n", expires_at: 7 }, "expires_at", "must be a string"],
  [{ name: "n", scopes: ["calls:bodies"] }, "scopes", /is of no use without calls:read/],
  [{ name: "n", scopes: ["root"] }, "scopes", /./],
  [{ name: "n", scopes: [] }, "scopes", /./],
  [{ name: "n", scopes: "admin" }, "scopes", "must be a array"],
  [{ name: "n", user_id: newId() }, "user_id", /^is unknown/],
  [{ name: "n", key: "k".repeat(40) }, "key", /^is unknown/],
  [{ name: "n", team_id: newId() }, "team_id", /^is unknown/],
] as const)("a key is refused with the name of the field: %j", async ([body, field, message]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("POST", path, { body });
  expect(answer.status).toBe(400);
  if (typeof message === "string") expect(answer.body).toEqual(fieldError(field, message));
  else
    expect(answer.body.error.details).toEqual([{ field, message: expect.stringMatching(message) }]);
  expect(await rig.registry.keys(rig.founder.teamId)).toHaveLength(1);
});
