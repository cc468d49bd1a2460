import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { callOf, engines, fieldError, openRig } from "../../test/api/rig.ts";
import type { WireAuditEntry, WireAuditList } from "./wire-audit.ts";
import type { WireServer } from "./wire-servers.ts";

const path = "/v1/audit";
const servers = "/v1/mcp/servers";

describe.for(engines)("the audit log on %s", (engine) => {
  test("tells who did what to a server, with which credential and from where", async () => {
    await using rig = await openRig(engine);
    const from = "192.0.2.7";
    const body = { name: "GitHub", target_url: "https://one.example/mcp?key=secret" };
    const { id } = (await rig.ask<WireServer>("POST", servers, { from, body })).body;
    const change = { target_url: "https://two.example/mcp?key=secret", capture_level: "full" };
    await rig.ask("PUT", `${servers}/${id}`, { from, body: change });
    const quieter = { capture_level: "metadata", name: "Hub", is_active: false };
    await rig.ask("PUT", `${servers}/${id}`, { from, body: quieter });
    await rig.ask("POST", `${servers}/${id}/rotate-slug`, { from });
    await rig.ask("DELETE", `${servers}/${id}`, { from });
    const { body: list, text } = await rig.ask<WireAuditList>("GET", `${path}?subject_id=${id}`);
    expect(list.data.map(({ action, details }) => ({ action, details }))).toEqual([
      { action: "server.removed", details: { host: "two.example", server: "Hub" } },
      { action: "server.slug_rotated", details: { server: "Hub" } },
      {
        action: "server.changed",
        details: {
          ...{ server: "Hub", old_name: "GitHub", new_name: "Hub", is_active: false },
          ...{ old_capture_level: "full", new_capture_level: "metadata" },
        },
      },
      {
        action: "server.capture_raised",
        details: {
          server: "GitHub",
          old_capture_level: "redacted",
          new_capture_level: "full",
        },
      },
      {
        action: "server.rerouted",
        details: { server: "GitHub", old_host: "one.example", new_host: "two.example" },
      },
      { action: "server.created", details: { host: "one.example", server: "GitHub" } },
    ]);
    const { userId, keyId } = rig.founder;
    for (const entry of list.data) {
      expect(entry).toMatchObject({ user_id: userId, credential_id: keyId, source_ip: from });
    }
    expect(text).not.toContain("secret");
  });

  test("tells of deleted calls and of exports, but not what was searched for", async () => {
    await using rig = await openRig(engine);
    const call = callOf(rig.founder, { toolName: "search" });
    await rig.log.append([call]);
    await rig.ask("GET", "/v1/mcp/calls/export?format=csv&status=success&q=my%20password");
    await rig.ask("DELETE", `/v1/mcp/calls/${call.id}`);
    const asked = `${path}?action=call.removed&action=calls.exported`;
    const { body, text } = await rig.ask<WireAuditList>("GET", asked);
    expect(body.data).toMatchObject([
      { action: "call.removed", subject_id: call.id, details: { tool_name: "search" } },
      { action: "calls.exported", details: { format: "csv", messages: false } },
    ]);
    expect(body.data[1]?.details.filter).toBe('{"statuses":["success"],"text":"…"}');
    expect(text).not.toContain("password");
  });

  test("tells of a target that must not be called, new or changed to, which nothing becomes of", async () => {
    await using rig = await openRig(engine);
    const target_url = "http://169.254.169.254/latest?key=secret";
    const refused = await rig.ask("POST", servers, { body: { name: "n", target_url } });
    const message = "must not be a metadata address";
    expect(refused).toMatchObject({ status: 400, body: fieldError("target_url", message) });
    const server = await rig.addServer();
    const changed = await rig.ask("PUT", `${servers}/${server.id}`, { body: { target_url } });
    expect(changed).toMatchObject({ status: 400, body: refused.body });
    expect((await rig.ask("GET", servers)).body).toEqual({ data: [server], total: 1 });
    const { body, text } = await rig.ask<WireAuditList>("GET", `${path}?action=egress.refused`);
    const details = { host: "169.254.169.254", refusal: message };
    expect(body.data).toMatchObject([{ subject_id: server.id, details }, { details }]);
    expect(text).not.toContain("secret");
  });

  test("does not tell of what did not happen", async () => {
    await using rig = await openRig(engine);
    const server = await rig.addServer();
    const before = await rig.registry.audit(rig.founder.teamId, { limit: 9, actions: [] });
    await rig.ask("PUT", `${servers}/${server.id}`, { body: { target_url: "nowhere" } });
    await rig.ask("PUT", `${servers}/${server.id}`, { body: { name: server.name } });
    await rig.ask("DELETE", `/v1/mcp/calls/${server.id}`);
    await rig.ask("DELETE", `/v1/api-keys/${server.id}`);
    expect(await rig.registry.audit(rig.founder.teamId, { limit: 9, actions: [] })).toEqual(before);
  });

  test("is paged by cursor, newest first, and narrowed by action, user and time", async () => {
    await using rig = await openRig(engine);
    for (let made = 0; made < 5; made += 1) await rig.addServer(`server ${made}`);
    await rig.ask("POST", "/v1/api-keys", { body: { name: "k" } });
    const seen: number[] = [];
    for (let query: string | null = "?action=server.created&limit=2"; query; ) {
      const { body }: { body: WireAuditList } = await rig.ask("GET", path + query);
      seen.push(...body.data.map(({ seq }) => seq));
      expect(body).toMatchObject({ limit: 2, has_more: body.next_cursor !== null });
      query = body.next_cursor && `?action=server.created&limit=2&cursor=${body.next_cursor}`;
    }
    expect(seen).toEqual([6, 5, 4, 3, 2]);
    const count = async (query: string) =>
      (await rig.ask<WireAuditList>("GET", path + query)).body.data.length;
    expect(await count("?action=server.created&action=key.created")).toBe(6);
    expect(await count(`?user_id=${rig.founder.userId}`)).toBe(7);
    expect(await count(`?user_id=${rig.founder.teamId}`)).toBe(0);
    expect(await count("?from=2026-11-20T12:34:56.789Z")).toBe(7);
    expect(await count("?to=2026-11-20T12:34:56.789Z")).toBe(0);
  });

  test("can be verified from its answers alone, as docs/api.md says", async () => {
    await using rig = await openRig(engine);
    for (let made = 0; made < 3; made += 1) await rig.addServer(`server "${made}" ü`);
    await rig.ask("POST", "/v1/api-keys", { body: { name: "k", expires_at: null } });
    const { body } = await rig.ask<WireAuditList>("GET", path);
    const entries = body.data.toReversed();
    expect((await hashesOf())(entries)).toEqual(entries.map(({ hash }) => hash));
    const later = entries.slice(1);
    expect((await hashesOf())(later, entries[0]?.hash)).toEqual(later.map(({ hash }) => hash));
  });

  test("is each team's own, and only its admins'", async () => {
    await using rig = await openRig(engine);
    await rig.addServer();
    const stranger = await rig.addStranger();
    const theirs = await rig.ask<WireAuditList>("GET", path, { key: stranger.key });
    expect(theirs.body.data.map(({ action }) => action)).toEqual([
      "user.signed_in",
      "user.registered",
    ]);
    const member = await rig.addMember("member");
    expect((await rig.ask("GET", path, { key: member.key })).status).toBe(403);
  });
});

test.for([
  ["limit=201", "limit", 'must be a whole number from 1 to 200, is "201"'],
  ["user_id=x", "user_id", 'must be a UUID, is "x"'],
  ["from=2026-11-21&to=2026-11-20", "from", "must not be greater than to"],
] as const)("?%s is refused by name", async ([query, field, message]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("GET", `${path}?${query}`);
  expect(answer).toMatchObject({ status: 400, body: fieldError(field, message) });
});

type HashesOf = (entries: readonly WireAuditEntry[], previous?: string) => readonly string[];

/** The function that docs/api.md shows. */
async function hashesOf(): Promise<HashesOf> {
  const [, code = ""] = /^```js\n(.*?)^```/ms.exec(readFileSync("docs/api.md", "utf8")) ?? [];
  const shown: { readonly hashesOf: HashesOf } = await import(
    `data:text/javascript,${encodeURIComponent(code)}`
  );
  return shown.hashesOf;
}
