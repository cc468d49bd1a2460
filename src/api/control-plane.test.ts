import { describe, expect, test } from "vitest";
import { callOf, engines, fieldError, openRig } from "../../test/api/rig.ts";
import { newKeyText } from "../access/keys.ts";
import { newId } from "../id.ts";
import { bodyMaxBytes } from "./body.ts";

const servers = "/v1/mcp/servers";
const calls = "/v1/mcp/calls";

/** Every route there is, with a method it knows. */
const routes = [
  ["GET", servers],
  ["POST", servers],
  ["GET", `${servers}/${newId()}`],
  ["PUT", `${servers}/${newId()}`],
  ["DELETE", `${servers}/${newId()}`],
  ["GET", calls],
  ["GET", `${calls}/count`],
  ["GET", `${calls}/metrics`],
  ["GET", `${calls}/${newId()}`],
  ["DELETE", `${calls}/${newId()}`],
  ["GET", `${calls}/${newId()}/messages`],
] as const;

const required = {
  error: {
    code: "authentication_required",
    message: 'send an API key as "Authorization: Bearer <key>" or as "X-API-Key: <key>"',
    details: [],
  },
};
const wrongKey = {
  error: { code: "invalid_token", message: "the API key is not valid", details: [] },
};

describe("without a valid key nothing else is looked at", () => {
  test.for([
    ...routes,
    ["GET", "/v1"],
    ["GET", "/v1/nope"],
    ["PATCH", servers],
    ["GET", `${servers}/not-a-uuid?bad=1`],
    ["GET", "/%76%31/mcp/servers"],
    ["GET", "/v1/mcp/%73ervers"],
  ] as const)("%s %s", async ([method, path]) => {
    await using rig = await openRig("memory");
    const huge = {
      headers: { "content-length": "2000000" },
      ...(method !== "GET" && { body: "x".repeat(2_000_000) }),
    };
    const anonymous = await rig.ask(method, path, { key: null, ...huge });
    expect(anonymous).toMatchObject({ status: 401, body: required });
    expect(anonymous.headers.get("www-authenticate")).toBe("Bearer");
    const stranger = await rig.ask(method, path, { key: newKeyText(), ...huge });
    expect(stranger).toMatchObject({ status: 401, body: wrongKey });
    expect(stranger.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
  });

  test.for([
    { why: "a query parameter", path: (key: string) => `${servers}?api_key=${key}`, headers: {} },
    {
      why: "a cookie",
      path: () => servers,
      headers: (key: string) => ({ cookie: `hookwatch=${key}; session=${key}` }),
    },
  ])("a key in $why is none", async ({ path, headers }) => {
    await using rig = await openRig("memory");
    const { key } = rig.founder;
    const fields = typeof headers === "function" ? headers(key) : headers;
    expect((await rig.ask("GET", path(key), { key: null, headers: fields })).body).toEqual(
      required,
    );
  });
});

test("X-API-Key works as the bearer token does", async () => {
  await using rig = await openRig("memory");
  const asked = { key: null, headers: { "x-api-key": rig.founder.key } };
  expect((await rig.ask("GET", servers, asked)).status).toBe(200);
});

test("a removed key is refused from then on", async () => {
  await using rig = await openRig("memory");
  const [key] = await rig.registry.keys(rig.founder.teamId);
  await rig.registry.removeKey(rig.founder.teamId, key?.id ?? "");
  expect((await rig.ask("GET", servers)).status).toBe(401);
});

test.for([
  ["PATCH", servers, "GET, HEAD, POST"],
  ["DELETE", servers, "GET, HEAD, POST"],
  ["POST", `${servers}/${newId()}`, "GET, HEAD, PUT, DELETE"],
  ["POST", calls, "GET, HEAD"],
  ["DELETE", `${calls}/count`, "GET, HEAD"],
  ["DELETE", `${calls}/metrics`, "GET, HEAD"],
  ["PUT", `${calls}/${newId()}`, "GET, HEAD, DELETE"],
  ["OPTIONS", `${calls}/${newId()}/messages`, "GET, HEAD"],
] as const)("%s %s is 405 and tells the methods there are", async ([method, path, allowed]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask(method, path);
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe(allowed);
  expect(answer.body).toEqual({
    error: { code: "method_not_allowed", message: `this route knows ${allowed}`, details: [] },
  });
});

test("HEAD answers what GET does, without a body", async () => {
  await using rig = await openRig("memory");
  const [head, get] = [await rig.ask("HEAD", servers), await rig.ask("GET", servers)];
  expect(head.status).toBe(200);
  expect(head.text).toBe("");
  expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
});

test.for(["/v1", "/v1/", "/v1/nope", `${servers}/`, `${calls}/${newId()}/nope`, "/nope"])(
  "%s is no route: 404",
  async (path) => {
    await using rig = await openRig("memory");
    const answer = await rig.ask("GET", path);
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({
      error: { code: "resource_not_found", message: "no such route", details: [] },
    });
  },
);

describe("every answer carries its header fields", () => {
  test.for([...routes, ["GET", "/v1/nope"], ["PATCH", servers], ["GET", "/nope"]] as const)(
    "%s %s",
    async ([method, path]) => {
      await using rig = await openRig("memory");
      for (const key of [rig.founder.key, null]) {
        const body = method === "POST" || method === "PUT" ? { body: "{" } : {};
        const { headers } = await rig.ask(method, path, { key, ...body });
        expect(Object.fromEntries(headers)).toMatchObject({
          "cache-control": "no-store",
          "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
          "content-type": "application/json; charset=utf-8",
          "cross-origin-resource-policy": "same-origin",
          "referrer-policy": "no-referrer",
          "x-content-type-options": "nosniff",
          "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
        });
      }
    },
  );

  test("a deletion has no content, but the other fields", async () => {
    await using rig = await openRig("memory");
    const { id } = await rig.addServer();
    const { status, headers } = await rig.ask("DELETE", `${servers}/${id}`);
    expect(status).toBe(204);
    expect(headers.has("content-type")).toBe(false);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("no two answers have the same request id", async () => {
    await using rig = await openRig("memory");
    const answers = await Promise.all(Array.from({ length: 20 }, () => rig.ask("GET", servers)));
    expect(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size).toBe(20);
  });
});

describe("a body is refused that is", () => {
  const wide = (members: number) => `{"name":[${"1,".repeat(members - 1)}1]}`;
  const deep = (levels: number) => `{"name":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  test.for([
    { why: "empty", body: "", message: "must be JSON" },
    { why: "no JSON", body: "{name:1}", message: "must be JSON" },
    { why: "cut off", body: '{"name":"a"', message: "must be JSON" },
    { why: "a form", body: "name=a&target_url=b", message: "must be JSON" },
    { why: "an array", body: "[]", message: "must be a JSON object" },
    { why: "null", body: "null", message: "must be a JSON object" },
    { why: "a text", body: '"a"', message: "must be a JSON object" },
    { why: "no UTF-8", body: new Uint8Array([0x7b, 0xff, 0x7d]), message: "must be UTF-8" },
    { why: "too deep", body: deep(32), message: "is nested more than 32 levels deep" },
    { why: "too wide", body: wide(1_001), message: "has more than 1000 members" },
    { why: "far too deep", body: deep(500_000), message: "is nested more than 32 levels deep" },
  ])("$why", async ({ body, message }) => {
    await using rig = await openRig("memory");
    const answer = await rig.ask("POST", servers, { body });
    expect(answer).toMatchObject({ status: 400, body: fieldError("body", message) });
  });

  test("brackets inside texts do not count as depth", async () => {
    await using rig = await openRig("memory");
    const name = `${"[{,".repeat(40)}\\"`;
    const body = { name, target_url: "http://127.0.0.1/" };
    expect(await rig.ask("POST", servers, { body })).toMatchObject({ status: 201, body: { name } });
  });

  test("one byte over 1 MiB, announced or not, and taken at the limit", async () => {
    await using rig = await openRig("memory");
    const object = '{"name":"a","target_url":"http://127.0.0.1/"}';
    const body = object.padEnd(bodyMaxBytes);
    expect((await rig.ask("POST", servers, { body })).status).toBe(201);
    const over = await rig.ask("POST", servers, { body: `${body} ` });
    expect(over.status).toBe(413);
    expect(over.headers.get("connection")).toBe("close");
    expect(over.body).toEqual({
      error: {
        code: "payload_too_large",
        message: "body is more than 1048576 bytes, limit is 1048576",
        details: [],
      },
    });
    const headers = { "content-length": "1048577" };
    const announced = await rig.ask("POST", servers, { body: "{}", headers });
    expect(announced.status).toBe(413);
    expect(announced.body.error.message).toBe("body is 1048577 bytes, limit is 1048576");
  });

  test("of another content type, but JSON: taken", async () => {
    await using rig = await openRig("memory");
    const body = '{"name":"a","target_url":"http://127.0.0.1/"}';
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
      const answer = await rig.ask("POST", servers, { body, headers: { "content-type": type } });
      expect(answer.status).toBe(201);
    }
  });
});

test.for(routes.filter(([, path]) => path !== calls && !path.startsWith(`${calls}/count`)))(
  "an unknown query parameter is refused on every route: %s %s",
  async ([method, path]) => {
    await using rig = await openRig("memory");
    const answer = await rig.ask(method, `${path}?nope=1`, method === "GET" ? {} : { body: {} });
    expect(answer.status).toBe(400);
    expect(answer.body.error.details[0]?.field).toBe("nope");
  },
);

describe("what fails inside is told to the operator and not to the caller", () => {
  test.for([
    { why: "an error", fault: new Error("SELECT secret FROM keys") },
    { why: "no error at all", fault: "a secret text" },
  ])("$why", async ({ fault }) => {
    await using rig = await openRig("memory", {
      publicUrl: () => {
        throw fault;
      },
    });
    const body = { name: "a", target_url: "http://127.0.0.1/" };
    const answer = await rig.ask("POST", servers, { body });
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      error: {
        code: "internal_error",
        message: "the host failed to answer; its log tells more under this X-Request-Id",
        details: [],
      },
    });
    const requestId = answer.headers.get("x-request-id");
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(rig.reports).toEqual([
      { fields: { requestId, err: fault }, message: "a request to the API failed" },
    ]);
  });
});

describe("a team sees nothing of another", () => {
  test.for([
    ["GET", (id: string) => `${servers}/${id}`],
    ["PUT", (id: string) => `${servers}/${id}`],
    ["DELETE", (id: string) => `${servers}/${id}`],
  ] as const)("%s of a foreign server answers as of one that never was", async ([method, path]) => {
    await using rig = await openRig("sqlite");
    const { key } = await rig.addStranger();
    const server = await rig.addServer();
    await rig.log.append([callOf(rig.founder, { serverId: server.id })]);
    const asked = { key, ...(method === "PUT" && { body: { name: "taken over" } }) };
    const foreign = await rig.ask(method, path(server.id), asked);
    const unknown = await rig.ask(method, path(newId()), asked);
    expect(foreign.status).toBe(404);
    expect(withoutRequestId(foreign)).toEqual(withoutRequestId(unknown));
    expect((await rig.ask("GET", `${servers}/${server.id}`)).body).toEqual(server);
    expect(await rig.log.count(rig.founder.teamId, {})).toBe(1);
  });

  test("lists hold its own servers only, and the limit counts them only", async () => {
    await using rig = await openRig("sqlite", { plan: { serversMax: 1 } });
    const { key, teamId } = await rig.addStranger();
    await rig.addServer("ours");
    expect((await rig.ask("GET", servers, { key })).body).toEqual({ data: [], total: 0 });
    const body = { name: "theirs", target_url: "http://127.0.0.1/" };
    const created = await rig.ask("POST", servers, { key, body });
    expect(created).toMatchObject({ status: 201, body: { team_id: teamId } });
    expect((await rig.ask("GET", servers)).body).toMatchObject({
      data: [{ name: "ours" }],
      total: 1,
    });
  });

  test("a half removed server of another team is not completed, nor told apart", async () => {
    await using rig = await openRig("sqlite");
    const { key } = await rig.addStranger();
    const { id } = await rig.addServer();
    await rig.registry.removeServer(rig.founder.teamId, id);
    expect((await rig.ask("DELETE", `${servers}/${id}`, { key })).status).toBe(404);
    expect(await rig.registry.removedServers()).toEqual([{ teamId: rig.founder.teamId, id }]);
  });

  describe.for(engines)("in the call log on %s", (engine) => {
    test.for([
      ["GET", (id: string) => `${calls}/${id}`],
      ["DELETE", (id: string) => `${calls}/${id}`],
      ["GET", (id: string) => `${calls}/${id}/messages`],
    ] as const)("%s of a foreign call answers as of one that never was", async ([method, path]) => {
      await using rig = await openRig(engine);
      const elsewhere = { teamId: newId() };
      const call = callOf(elsewhere);
      await rig.log.append([call]);
      const foreign = await rig.ask(method, path(call.id));
      const unknown = await rig.ask(method, path(newId()));
      expect(foreign.status).toBe(404);
      expect(withoutRequestId(foreign)).toEqual(withoutRequestId(unknown));
      expect(await rig.log.count(elsewhere.teamId, {})).toBe(1);
    });

    test("a foreign server_id answers as one that never was: nothing", async () => {
      await using rig = await openRig(engine);
      const call = callOf({ teamId: newId() }, { serverId: newId() });
      await rig.log.append([call, callOf(rig.founder)]);
      for (const route of [calls, `${calls}/count`, `${calls}/metrics`]) {
        const foreign = await rig.ask("GET", `${route}?server_id=${call.serverId}`);
        const unknown = await rig.ask("GET", `${route}?server_id=${newId()}`);
        expect(foreign.status).toBe(200);
        expect(withoutRequestId(foreign)).toEqual(withoutRequestId(unknown));
      }
      const list = await rig.ask("GET", `${calls}?server_id=${call.serverId}`);
      expect(list.body).toMatchObject({ data: [], has_more: false });
      const count = await rig.ask("GET", `${calls}/count?server_id=${call.serverId}`);
      expect(count.body).toEqual({ count: 0 });
    });

    test("lists, counts and metrics hold its own calls only, even with another's cursor", async () => {
      await using rig = await openRig(engine);
      const elsewhere = { teamId: newId() };
      const theirs = [callOf(elsewhere), callOf(elsewhere), callOf(elsewhere)];
      await rig.log.append([...theirs, callOf(rig.founder)]);
      const { next } = await rig.log.page(elsewhere.teamId, { limit: 1 });
      for (const query of ["", `?cursor=${next}`]) {
        const { body } = await rig.ask<{ data: { team_id: string }[] }>("GET", `${calls}${query}`);
        expect(body.data.every(({ team_id }) => team_id === rig.founder.teamId)).toBe(true);
      }
      expect((await rig.ask("GET", `${calls}/count`)).body).toEqual({ count: 1 });
      expect((await rig.ask("GET", `${calls}/metrics`)).body).toMatchObject({ total_calls: 1 });
    });

    test("a cursor that the log did not issue is 400 that names it", async () => {
      await using rig = await openRig(engine);
      const answer = await rig.ask("GET", `${calls}?cursor=abc`);
      const expected = fieldError("cursor", "is not a cursor that this log issued");
      expect(answer).toMatchObject({ status: 400, body: expected });
    });
  });
});

function withoutRequestId({
  status,
  headers,
  text,
}: {
  status: number;
  headers: Headers;
  text: string;
}) {
  const fields = [...headers].filter(([name]) => name !== "x-request-id");
  return { status, fields, text };
}
