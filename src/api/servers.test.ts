import { describe, expect, test } from "vitest";
import { callOf, engines, fieldError, now, openRig } from "../../test/api/rig.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import type { WireServer, WireServerList } from "./wire-servers.ts";

const path = "/v1/mcp/servers";
const body = { name: "GitHub", target_url: "https://example.com/mcp" };

describe.for(engines)("servers on %s", (engine) => {
  test("a server is created with every field and comes back the same", async () => {
    await using rig = await openRig(engine);
    const created = await rig.ask<WireServer>("POST", path, { body });
    expect(created.status).toBe(201);
    const { id, slug } = created.body;
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(slug).toMatch(/^[a-z0-9]{26}$/);
    expect(created.body).toEqual({
      ...{ id, slug, ...body },
      ...{ capture_level: "redacted", upstream_idle_timeout_ms: null },
      user_id: rig.founder.userId,
      team_id: rig.founder.teamId,
      is_active: true,
      proxy_url: `https://hookwatch.example/p/${slug}`,
      created_at: "2026-11-20T12:34:56.789Z",
      updated_at: "2026-11-20T12:34:56.789Z",
    });
    const read = await rig.ask<WireServer>("GET", `${path}/${id}`);
    expect(read).toMatchObject({ status: 200, body: created.body });
    expect((await rig.ask<WireServerList>("GET", path)).body).toEqual({
      data: [created.body],
      total: 1,
    });
  });

  test("the list is newest first and says how many there are", async () => {
    await using rig = await openRig(engine);
    const names = ["first", "second", "third"];
    for (const name of names) await rig.addServer(name);
    const { status, body: list } = await rig.ask<WireServerList>("GET", path);
    expect(status).toBe(200);
    expect(list.data.map(({ name }) => name)).toEqual(names.toReversed());
    expect(list.total).toBe(3);
  });

  test("names are trimmed and URLs written as a browser would", async () => {
    await using rig = await openRig(engine);
    const asked = { body: { name: "  Ä b\t", target_url: "HTTPS://Example.com:443/Mcp?x=1" } };
    const { body: server } = await rig.ask<WireServer>("POST", path, asked);
    expect(server).toMatchObject({ name: "Ä b", target_url: "https://example.com/Mcp?x=1" });
  });

  test.for([
    { why: "name", changes: { name: "other" } },
    { why: "target", changes: { target_url: "http://127.0.0.1:9/" } },
    { why: "activity", changes: { is_active: false } },
    { why: "all", changes: { name: "o", target_url: "http://127.0.0.1:9/", is_active: false } },
    { why: "nothing", changes: {} },
  ])(
    "an update changes what it names, keeps the rest and moves updated_at: $why",
    async ({ changes }) => {
      await using rig = await openRig(engine);
      const server = await rig.addServer();
      const changed = await rig.ask<WireServer>("PUT", `${path}/${server.id}`, { body: changes });
      expect(changed.status).toBe(200);
      expect(changed.body).toEqual({ ...server, ...changes, updated_at: changed.body.updated_at });
      expect(Date.parse(changed.body.updated_at)).toBeGreaterThan(now);
      const read = await rig.ask<WireServer>("GET", `${path}/${server.id}`);
      expect(read.body).toEqual(changed.body);
    },
  );

  test("a deleted server is gone with all its calls, from every endpoint", async () => {
    await using rig = await openRig(engine);
    const [doomed, kept] = [await rig.addServer("doomed"), await rig.addServer("kept")];
    const gone = callOf(rig.founder, { serverId: doomed.id });
    await rig.log.append([gone, callOf(rig.founder, { serverId: kept.id })]);
    const answer = await rig.ask("DELETE", `${path}/${doomed.id}`);
    expect(answer).toMatchObject({ status: 204, text: "" });

    const server = await rig.ask("GET", `${path}/${doomed.id}`);
    const call = await rig.ask("GET", `/v1/mcp/calls/${gone.id}`);
    const messages = await rig.ask("GET", `/v1/mcp/calls/${gone.id}/messages`);
    expect([server.status, call.status, messages.status]).toEqual([404, 404, 404]);
    const list = await rig.ask("GET", "/v1/mcp/calls");
    const count = await rig.ask("GET", "/v1/mcp/calls/count");
    const metrics = await rig.ask("GET", "/v1/mcp/calls/metrics");
    expect(list.body).toMatchObject({ data: [{ mcp_server_id: kept.id }] });
    expect(count.body).toEqual({ count: 1 });
    expect(metrics.body).toMatchObject({ total_calls: 1, by_server: [{ server_id: kept.id }] });
    expect(await rig.registry.removedServers()).toEqual([]);
    expect((await rig.ask("DELETE", `${path}/${doomed.id}`)).status).toBe(404);
  });

  test("a deletion that broke off between the stores is completed by the next one", async () => {
    await using rig = await openRig(engine);
    const server = await rig.addServer();
    await rig.log.append([callOf(rig.founder, { serverId: server.id })]);
    await rig.registry.removeServer(rig.founder.teamId, server.id);
    expect((await rig.ask("DELETE", `${path}/${server.id}`)).status).toBe(204);
    expect(await rig.log.count(rig.founder.teamId, {})).toBe(0);
    expect(await rig.registry.removedServers()).toEqual([]);
  });

  test("fifty servers created at once at a limit of three are three, and 47 refusals", async () => {
    await using rig = await openRig(engine, { plan: { serversMax: 3 } });
    const asks = Array.from({ length: 50 }, () => rig.ask("POST", path, { body }));
    const answers = await Promise.all(asks);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    const refused = answers.filter(({ status }) => status === 403);
    expect(refused).toHaveLength(47);
    expect(refused[0]?.body.error).toMatchObject({ code: "plan_limit_reached", details: [] });
    expect((await rig.ask("GET", path)).body).toMatchObject({ total: 3 });
  });

  test("a deleted server makes room for another", async () => {
    await using rig = await openRig(engine, { plan: { serversMax: 1 } });
    const { id } = await rig.addServer();
    expect((await rig.ask("POST", path, { body })).status).toBe(403);
    await rig.ask("DELETE", `${path}/${id}`);
    expect((await rig.ask("POST", path, { body })).status).toBe(201);
  });
});

const notHttp = 'must be an absolute http:// or https:// URL, such as "https://example.com/mcp"';
const blanks = "must not contain white space, control characters or backslashes";
const newKnown = "is unknown, known: name, target_url, capture_level, upstream_idle_timeout_ms";

describe("a new server is refused with 400 that names the field", () => {
  test.for([
    { asked: { ...body, name: undefined }, field: "name", message: "is required" },
    { asked: { ...body, name: null }, field: "name", message: "must be a string" },
    { asked: { ...body, name: 7 }, field: "name", message: "must be a string" },
    { asked: { ...body, name: " \n" }, field: "name", message: "must not be empty" },
    {
      asked: { ...body, name: "n".repeat(201) },
      field: "name",
      message: "is 201 characters long, the limit is 200",
    },
    {
      asked: { ...body, name: "a\u0000b" },
      field: "name",
      message: "must not contain control characters or halves of characters",
    },
    {
      asked: { ...body, name: "a\ud800b" },
      field: "name",
      message: "must not contain control characters or halves of characters",
    },
    { asked: { name: "n" }, field: "target_url", message: "is required" },
    {
      asked: { ...body, target_url: ["http://a/"] },
      field: "target_url",
      message: "must be a string",
    },
    { asked: { ...body, target_url: "" }, field: "target_url", message: notHttp },
    { asked: { ...body, target_url: "/mcp" }, field: "target_url", message: notHttp },
    { asked: { ...body, target_url: "ftp://example.com/" }, field: "target_url", message: notHttp },
    { asked: { ...body, target_url: " http://a/" }, field: "target_url", message: blanks },
    {
      asked: { ...body, target_url: "http://u:p@example.com/" },
      field: "target_url",
      message: "must not carry a user name or password",
    },
    {
      asked: { ...body, target_url: "http://a/#b" },
      field: "target_url",
      message: "must not have a fragment",
    },
    {
      asked: { ...body, target_url: `http://a/${"p".repeat(2_040)}` },
      field: "target_url",
      message: "is 2049 characters long, the limit is 2048",
    },
    {
      asked: { ...body, target_url: "http://169.254.169.254/" },
      field: "target_url",
      message: "must not be a metadata address",
    },
    { asked: { ...body, slug: "mine" }, field: "slug", message: newKnown },
    { asked: { ...body, team_id: newId() }, field: "team_id", message: newKnown },
    { asked: { ...body, constructor: 1 }, field: "constructor", message: newKnown },
    { asked: { ...body, toString: 1 }, field: "toString", message: newKnown },
  ])("$field: $message", async ({ asked, field, message }) => {
    await using rig = await openRig("memory");
    const answer = await rig.ask("POST", path, { body: asked });
    expect(answer).toMatchObject({ status: 400, body: fieldError(field, message) });
    expect((await rig.ask("GET", path)).body).toEqual({ data: [], total: 0 });
  });
});

test("`__proto__` is an unknown field like any other", async () => {
  await using rig = await openRig("memory");
  const hostile = '{"name":"n","target_url":"http://127.0.0.1/","__proto__":{"is_active":false}}';
  const answer = await rig.ask("POST", path, { body: hostile });
  expect(answer).toMatchObject({ status: 400, body: fieldError("__proto__", newKnown) });
});

test("every wrong field is told at once, and nothing is changed", async () => {
  await using rig = await openRig("memory");
  const server = await rig.addServer();
  const asked = { name: "", target_url: "https://a@b.example", is_active: "yes", id: newId() };
  const answer = await rig.ask("PUT", `${path}/${server.id}`, { body: asked });
  expect(answer.status).toBe(400);
  expect(answer.body.error).toEqual({
    code: "validation_error",
    message:
      "id: is unknown, known: name, target_url, is_active, capture_level, upstream_idle_timeout_ms",
    details: [
      {
        field: "id",
        message:
          "is unknown, known: name, target_url, is_active, capture_level, upstream_idle_timeout_ms",
      },
      { field: "name", message: "must not be empty" },
      { field: "target_url", message: "must not carry a user name or password" },
      { field: "is_active", message: "must be a boolean" },
    ],
  });
  expect((await rig.ask("GET", `${path}/${server.id}`)).body).toEqual(server);
});

test("of a thousand unknown fields fifty are told", async () => {
  await using rig = await openRig("memory");
  const names = Array.from({ length: 1_000 }, (_, index) => [`f${index}${"x".repeat(50)}`, 1]);
  const answer = await rig.ask("POST", path, { body: Object.fromEntries(names) });
  expect(answer.body.error.details).toHaveLength(50);
});

test.for(["GET", "PUT", "DELETE"])(
  "%s of an id that is no UUID is 400 that names it",
  async (method) => {
    await using rig = await openRig("memory");
    const answer = await rig.ask(method, `${path}/7`, method === "PUT" ? { body: {} } : {});
    expect(answer).toMatchObject({ status: 400, body: fieldError("id", 'must be a UUID, is "7"') });
  },
);

test.for(["GET", "PUT", "DELETE"])("%s of an unknown server is 404", async (method) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask(method, `${path}/${newId()}`, method === "PUT" ? { body: {} } : {});
  expect(answer.status).toBe(404);
  expect(answer.body).toEqual({
    error: { code: "resource_not_found", message: "MCP server not found", details: [] },
  });
});

test("a UUID is one in either case", async () => {
  await using rig = await openRig("memory");
  const server = await rig.addServer();
  expect((await rig.ask("GET", `${path}/${server.id.toUpperCase()}`)).body).toEqual(server);
});

test("while the call log is away a deletion is 503, and the server is gone all the same", async () => {
  await using stores = await openRig("memory");
  const away = async () => {
    throw new Problem("unavailable", "the call log is away");
  };
  await using rig = await openRig("memory", {
    log: Object.assign(Object.create(stores.log), { removeServer: away }),
  });
  const { id } = await rig.addServer();
  const answer = await rig.ask("DELETE", `${path}/${id}`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("1");
  expect((await rig.ask("GET", `${path}/${id}`)).status).toBe(404);
  expect(await rig.registry.removedServers()).toEqual([{ teamId: rig.founder.teamId, id }]);
});

describe("a server's target", () => {
  const target_url = "https://example.com/mcp?key=k1&plain&empty=&tag=a%26b";

  test("is moved by admins alone, and sent back as it is by anyone who may change it", async () => {
    await using rig = await openRig("memory");
    const member = await rig.addMember("member");
    const { id } = (await rig.ask<WireServer>("POST", path, { body: { name: "n", target_url } }))
      .body;
    const change = (key: string, url: string) =>
      rig.ask("PUT", `${path}/${id}`, { key, body: { name: "m", target_url: url } });
    expect((await change(member.key, target_url)).status).toBe(200);
    expect(await change(member.key, "https://evil.example/mcp")).toMatchObject({
      status: 403,
      body: { error: { message: expect.stringContaining("this needs the scope admin") } },
    });
    const { key } = await rig.addKey(rig.founder, { scopes: ["servers:write"] });
    expect((await change(key, "https://evil.example/mcp")).status).toBe(403);
    expect((await change(rig.founder.key, "https://new.example/mcp")).status).toBe(200);
  });

  test("is shown with its values to who may change it, without them to who may look", async () => {
    await using rig = await openRig("memory");
    const viewer = await rig.addMember("viewer");
    const { id } = (await rig.ask<WireServer>("POST", path, { body: { name: "n", target_url } }))
      .body;
    for (const place of [path, `${path}/${id}`]) {
      expect((await rig.ask("GET", place)).text).toContain("key=k1");
      const { text } = await rig.ask("GET", place, { key: viewer.key });
      expect(text).toContain(
        '"https://example.com/mcp?key=redacted&redacted&empty=redacted&tag=redacted"',
      );
    }
  });
});

describe("what a server may be told beside name and target", () => {
  test("how much is kept and when to give up, at creation and later, and back to the default", async () => {
    await using rig = await openRig("sqlite");
    const options = { capture_level: "metadata", upstream_idle_timeout_ms: 100 };
    const made = await rig.ask<WireServer>("POST", path, { body: { ...body, ...options } });
    expect(made).toMatchObject({ status: 201, body: options });
    const place = `${path}/${made.body.id}`;
    const changed = { capture_level: "full", upstream_idle_timeout_ms: null };
    expect((await rig.ask("PUT", place, { body: changed })).body).toMatchObject(changed);
    expect((await rig.ask("PUT", place, { body: { name: "n" } })).body).toMatchObject(changed);
  });

  test.for([
    [{ capture_level: "some" }, "capture_level"],
    [{ capture_level: null }, "capture_level"],
    [{ upstream_idle_timeout_ms: 99 }, "upstream_idle_timeout_ms"],
    [{ upstream_idle_timeout_ms: 86_400_001 }, "upstream_idle_timeout_ms"],
    [{ upstream_idle_timeout_ms: 100.5 }, "upstream_idle_timeout_ms"],
    [{ upstream_idle_timeout_ms: "100" }, "upstream_idle_timeout_ms"],
  ] as const)("but not %j", async ([wrong, field]) => {
    await using rig = await openRig("memory");
    const answer = await rig.ask("POST", path, { body: { ...body, ...wrong } });
    expect(answer.status).toBe(400);
    expect(answer.body.error.details).toMatchObject([{ field }]);
  });

  test("a new slug, and the old one is spent", async () => {
    await using rig = await openRig("sqlite");
    const before = await rig.addServer();
    const { body: after } = await rig.ask<WireServer>("POST", `${path}/${before.id}/rotate-slug`);
    expect(after.slug).not.toBe(before.slug);
    expect(after).toMatchObject({
      id: before.id,
      proxy_url: `https://hookwatch.example/p/${after.slug}`,
    });
    const server = await rig.registry.findServer(rig.founder.teamId, before.id);
    if (!server) throw new Error("there is no such server");
    const again = { ...server, id: newId(), slug: before.slug };
    await expect(rig.registry.addServer(again, 0)).rejects.toMatchObject({
      code: "resource_exists",
    });
  });
});
