/** Rights that go while a request is under way: a body may take as long as its sender likes. */
import { describe, expect, test } from "vitest";
import { openRig, type Person, type Rig } from "../../test/api/rig.ts";

/** A body of which nothing comes, from when it is read on, until something else was done. */
function after(done: () => Promise<unknown>, body: object) {
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    await done();
    controller.enqueue(Buffer.from(JSON.stringify(body)));
    controller.close();
  };
  return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
}

const target_url = "https://elsewhere.example/mcp";

const requests = [
  ["POST", "/v1/api-keys", { name: "to come back by", expires_at: null }],
  ["POST", "/v1/mcp/servers", { name: "new", target_url }],
  ["PUT", "/v1/mcp/servers/{server}", { target_url }],
  ["PUT", "/v1/teams/{team}", { name: "mine now" }],
  ["POST", "/v1/teams/{team}/invitations", { email: "back@example.com", role: "admin" }],
] as const;

const losses: Readonly<Record<string, (rig: Rig, person: Person) => Promise<unknown>>> = {
  "is demoted": (rig, { userId }) =>
    rig.ask("PUT", memberPlace(rig, userId), { body: { role: "viewer" } }),
  "is removed": (rig, { userId }) => rig.ask("DELETE", memberPlace(rig, userId)),
};

function memberPlace({ founder }: Rig, userId: string): string {
  return `/v1/teams/${founder.teamId}/members/${userId}`;
}

describe.for(Object.entries(losses))("who %s while the body comes", ([, lose]) => {
  test.for(requests)("changes nothing by %s %s", async ([method, path, body]) => {
    await using rig = await openRig("memory");
    const { teamId } = rig.founder;
    const server = await rig.addServer();
    const place = path.replace("{server}", server.id).replace("{team}", teamId);
    const state = async () => [
      await rig.registry.servers(teamId),
      await rig.registry.findTeam(teamId),
      await rig.registry.invitations(teamId),
    ];
    const before = await state();
    for (const kind of ["key", "token"] as const) {
      const admin = await rig.addMember("admin");
      const response = await rig.app.request(place, {
        method,
        headers: { authorization: `Bearer ${admin[kind]}` },
        body: after(() => lose(rig, admin), body),
        duplex: "half",
      } as RequestInit);
      expect([401, 403, 404]).toContain(response.status);
      expect(await state()).toEqual(before);
      const keys = await rig.registry.keys(teamId);
      expect(keys.filter(({ name }) => name === "to come back by")).toEqual([]);
    }
  });
});

test("a key that is deleted while its body comes makes no other", async () => {
  await using rig = await openRig("memory");
  const { key, keyId } = await rig.addKey(rig.founder);
  const response = await rig.app.request("/v1/api-keys", {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: after(() => rig.ask("DELETE", `/v1/api-keys/${keyId}`), { name: "next" }),
    duplex: "half",
  } as RequestInit);
  expect(response.status).toBe(401);
  expect(await rig.registry.keys(rig.founder.teamId)).toHaveLength(1);
});
