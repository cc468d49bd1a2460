/** Who may read what calls were (`calls:read`), but not what they said (`calls:bodies`). */
import { describe, expect, test } from "vitest";
import { Events } from "../../test/api/events.ts";
import { callOf, engines, openRig, type Rig } from "../../test/api/rig.ts";
import type { Call } from "../call.ts";
import type { WireCall, WireCallList } from "./wire.ts";

const path = "/v1/mcp/calls";
const secret = "the-words-that-were-said";

/** A call that says the secret wherever a call can say something. */
function telling(rig: Rig): Call {
  return callOf(rig.founder, {
    ...{ requestBody: `{"a":"${secret}"}`, responseBody: `{"b":"${secret}"}` },
    ...{ status: "error", errorKind: "tool", errorMessage: secret, path: `/${secret}?x=1` },
    headers: { "x-note": secret },
    messages: [{ atMs: 1, offsetMs: 1, direction: "server", body: secret }],
  });
}

const unsaid = {
  ...{ request_body: null, response_body: null, error_message: null, headers: null, path: null },
  ...{ status: "error", error_kind: "tool", method: "tools/call" },
};

async function open(engine: (typeof engines)[number]) {
  const rig = await openRig(engine);
  const call = telling(rig);
  await rig.log.append([call]);
  const { key } = await rig.addKey(rig.founder, { scopes: ["calls:read"] });
  return { rig, call, key };
}

describe.for(engines)("with calls:read alone on %s", (engine) => {
  test("a call is shown without what it said, in the list and at its address", async () => {
    const { rig, call, key } = await open(engine);
    await using _ = rig;
    const list = await rig.ask<WireCallList>("GET", path, { key });
    expect(list.body.data).toMatchObject([unsaid]);
    const one = await rig.ask<WireCall>("GET", `${path}/${call.id}`, { key });
    expect(one.body).toMatchObject(unsaid);
    expect(list.text + one.text).not.toContain(secret);
    expect((await rig.ask("GET", path)).text).toContain(secret);
  });

  test.for([
    ["GET", `?q=${secret}`],
    ["GET", `/count?q=${secret}`],
    ["GET", `/facets?q=${secret}`],
    ["GET", `/histogram?q=${secret}`],
    ["GET", `/stream?q=${secret}`],
    ["GET", `/export?q=${secret}`],
    ["GET", "/export?format=har"],
    ["GET", "/export?messages=true"],
  ] as const)("%s %s is refused and names the scope", async ([method, query]) => {
    const { rig, key } = await open(engine);
    await using _ = rig;
    const answer = await rig.ask(method, path + query, { key });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
    expect(answer.body.error.message).toContain("calls:bodies");
  });

  test("the messages of a call are refused, of one that never was, too", async () => {
    const { rig, call, key } = await open(engine);
    await using _ = rig;
    const own = await rig.ask("GET", `${path}/${call.id}/messages`, { key });
    const none = await rig.ask("GET", `${path}/${call.serverId}/messages`, { key });
    expect(own).toMatchObject({ status: 403, text: none.text });
  });

  test.for(["ndjson", "csv"])("an export as %s says nothing", async (format) => {
    const { rig, call, key } = await open(engine);
    await using _ = rig;
    const answer = await rig.ask("GET", `${path}/export?format=${format}`, { key });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(call.id);
    expect(answer.text).not.toContain(secret);
  });

  test("what says nothing can be counted and broken down", async () => {
    const { rig, key } = await open(engine);
    await using _ = rig;
    expect((await rig.ask("GET", `${path}/count?status=error`, { key })).body).toEqual({
      count: 1,
    });
    for (const route of ["facets", "histogram", "metrics", "losses"]) {
      const answer = await rig.ask("GET", `${path}/${route}`, { key });
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain(secret);
    }
  });

  test("two who follow the same see it each as they may", async () => {
    const { rig, key } = await open(engine);
    await using _ = rig;
    const follow = async (text: string) => {
      const headers = { authorization: `Bearer ${text}` };
      const { body } = await rig.app.request(`${path}/stream`, { headers });
      return new Events(body as ReadableStream<Uint8Array<ArrayBuffer>>);
    };
    const [some, all] = [await follow(key), await follow(rig.founder.key)];
    await rig.log.append([telling(rig)]);
    expect((await some.next<WireCall>()).data).toMatchObject(unsaid);
    expect((await all.next<WireCall>()).data.error_message).toBe(secret);
    expect(some.text).not.toContain(secret);
    await Promise.all([some.leave(), all.leave()]);
  });
});

test("a stream ends before it shows what its reader may see no more", async () => {
  await using rig = await openRig("memory");
  const member = await rig.addMember("admin");
  const headers = { authorization: `Bearer ${member.key}` };
  const { body } = await rig.app.request(`${path}/stream`, { headers });
  const events = new Events(body as ReadableStream<Uint8Array<ArrayBuffer>>);
  await rig.log.append([callOf(rig.founder)]);
  await events.next();
  const place = `/v1/teams/${rig.founder.teamId}/members/${member.userId}`;
  await rig.ask("PUT", place, { body: { role: "viewer" } });
  await rig.log.append([callOf(rig.founder, { rpcId: '"late"' })]);
  await events.end();
  expect(events.text).not.toContain("late");
});
