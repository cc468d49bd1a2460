import { type JWTHeaderParameters, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import {
  dayMs,
  hourMs,
  minuteMs,
  openAccessRig,
  publicUrl,
  startMs,
} from "../../test/access/rig.ts";
import { newId } from "../id.ts";
import { AccessTokens } from "./access-tokens.ts";
import { newKeyText } from "./keys.ts";
import { digestOf, newSecretText } from "./secret-text.ts";

describe("a key is known by", () => {
  test.for([
    ["a bearer token", (key: string) => ({ authorization: `Bearer ${key}` })],
    ["a bearer token, the word in any case", (key) => ({ authorization: `bEARER ${key}` })],
    ["a bearer token after several blanks", (key) => ({ authorization: `Bearer    ${key}` })],
    ["X-API-Key", (key) => ({ "x-api-key": key })],
    ["both with the same key", (key) => ({ authorization: `Bearer ${key}`, "x-api-key": key })],
    [
      "X-API-Key beside a scheme meant for another",
      (key) => ({ authorization: "Basic eA==", "x-api-key": key }),
    ],
  ] as const satisfies readonly (readonly [string, (key: string) => Record<string, string>])[])(
    "%s",
    async ([, fieldsOf]) => {
      await using rig = await openAccessRig();
      const { text, key } = await rig.addKey();
      expect(await rig.ask(fieldsOf(text))).toMatchObject({
        userId: rig.owner.user.id,
        teamId: rig.owner.team.id,
        role: "owner",
        credential: { kind: "key", id: key.id },
        sourceIp: "192.0.2.1",
      });
    },
  );

  test("its own form, which an operator chose", async () => {
    // It looks like a mistyped key of ours.
    const chosen = `hw_${"0".repeat(49)}`;
    await using rig = await openAccessRig({ isOwnKey: (text) => text === chosen });
    await rig.addKey({ secretDigest: digestOf(chosen) });
    expect(await rig.ask({ "x-api-key": chosen })).toMatchObject({ role: "owner" });
  });
});

describe("a caller is asked for a credential when there is", () => {
  test.for([
    ["none", {}],
    ["an empty field", { authorization: "" }],
    ["an empty key", { authorization: "Bearer ", "x-api-key": "" }],
    ["another scheme", { authorization: `Basic ${newKeyText()}` }],
    ["no scheme", { authorization: newKeyText() }],
    ["the word and the key in one", { authorization: `Bearer${newKeyText()}` }],
    ["a cookie of another name", { cookie: `hookwatch=${newSecretText("cookie")}` }],
    ["an empty cookie", { cookie: "__Host-hookwatch=" }],
  ] as const)("%s", async ([, fields]) => {
    await using rig = await openAccessRig();
    await expect(rig.ask(fields)).rejects.toMatchObject({ code: "authentication_required" });
  });
});

test.for([
  ["an unknown key", newKeyText()],
  ["too short a text", "short"],
  ["a key of our form with a wrong checksum", `hw_${"0".repeat(49)}`],
  ["too long a text", "k".repeat(201)],
  ["two credentials in one field", `${"k".repeat(120)}, Bearer ${"k".repeat(120)}`],
  ["a refresh token", newSecretText("refresh")],
  ["the value of a cookie", newSecretText("cookie")],
  ["no JWT behind the prefix", "hwa_x.y.z"],
  ["an endless JWT", `hwa_${"x".repeat(100_000)}`],
] as const)("%s is no credential", async ([, text]) => {
  await using rig = await openAccessRig();
  const answer = rig.ask({ authorization: `Bearer ${text}` });
  await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
});

test("two different keys are refused, even if one of them is known", async () => {
  await using rig = await openAccessRig();
  const { text } = await rig.addKey();
  const answer = rig.ask({ authorization: `Bearer ${text}`, "x-api-key": newKeyText() });
  await expect(answer).rejects.toMatchObject({ code: "validation_error" });
});

describe("an API key", () => {
  test("may do what it was given and its user's role allows, and no more", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    await rig.join(ada, "viewer");
    const mine = { userId: ada.user.id };
    const narrow = await rig.addKey({ ...mine, scopes: ["servers:write", "calls:read"] });
    const wide = await rig.addKey({ ...mine, scopes: ["admin"] });
    const scopesOf = async (text: string) => [...(await rig.ask({ "x-api-key": text })).scopes];
    expect(await scopesOf(narrow.text)).toEqual(["calls:read"]);
    expect(await scopesOf(wide.text)).toEqual(["servers:read", "calls:read", "calls:bodies"]);
    const { teamId } = wide.key;
    const raised = { teamId, sourceIp: "", subjectId: ada.user.id, details: {}, atMs: 1 };
    await rig.registry.setRole(teamId, ada.user.id, "admin", {
      ...raised,
      action: "member.role_changed",
    });
    expect(await scopesOf(narrow.text)).toEqual(["servers:write", "calls:read"]);
    expect((await scopesOf(wide.text)).length).toBe(7);
  });

  test("is good until it expires, and not at that time", async () => {
    await using rig = await openAccessRig();
    const { text } = await rig.addKey({ expiresAtMs: startMs + 1_000 });
    rig.pass(999);
    expect(await rig.ask({ "x-api-key": text })).toMatchObject({ role: "owner" });
    rig.pass(1);
    await expect(rig.ask({ "x-api-key": text })).rejects.toMatchObject({ code: "token_expired" });
  });

  test("is refused as soon as it is removed", async () => {
    await using rig = await openAccessRig();
    const { text, key } = await rig.addKey();
    await rig.registry.removeKey(key.teamId, key.id);
    await expect(rig.ask({ "x-api-key": text })).rejects.toMatchObject({ code: "invalid_token" });
  });
});

describe("an access token", () => {
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

  test("stands for its user in the team of its session, in the present role", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    await rig.join(ada, "member");
    const { text, id } = await rig.token(ada, rig.owner.team.id);
    expect(await rig.ask(bearer(text))).toMatchObject({
      userId: ada.user.id,
      teamId: rig.owner.team.id,
      role: "member",
      credential: { kind: "token", id },
    });
  });

  test("is good for fifteen minutes", async () => {
    await using rig = await openAccessRig();
    const { text } = await rig.token(rig.owner);
    rig.pass(15 * minuteMs - 1_000);
    expect(await rig.ask(bearer(text))).toMatchObject({ role: "owner" });
    rig.pass(1_000);
    await expect(rig.ask(bearer(text))).rejects.toMatchObject({ code: "token_expired" });
  });

  test("is refused as soon as its session has ended", async () => {
    await using rig = await openAccessRig();
    const { text, id } = await rig.token(rig.owner);
    await rig.registry.endSession(id);
    await expect(rig.ask(bearer(text))).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("is refused as soon as its user has left its team", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    await rig.join(ada, "member");
    const { text } = await rig.token(ada, rig.owner.team.id);
    await removeMember(rig, ada.user.id);
    await expect(rig.ask(bearer(text))).rejects.toMatchObject({ code: "invalid_token" });
  });

  test.for([
    ["signed by another installation", (_: string, forged: string) => forged],
    [
      "with a changed claim",
      (own: string) => withClaims(own, (claims) => ({ ...claims, team: newId() })),
    ],
    ["without a signature", (own: string) => own.replace(/[^.]+$/, "")],
    ["that says it needs no signature", (own: string) => unsecured(own)],
    [
      "signed with an empty key",
      (own: string) => own.replace(/^hwa_[^.]+/, "hwa_eyJhbGciOiJIUzI1NiJ9"),
    ],
    ["without our prefix", (own: string) => own.slice(4)],
    ["cut short", (own: string) => own.slice(0, -1)],
    ["in other letters", (own: string) => own.toUpperCase()],
  ] as const)("%s is none of ours", async ([, change]) => {
    await using rig = await openAccessRig();
    const { text, id } = await rig.token(rig.owner);
    const session = await rig.registry.findSession(id);
    const stranger = new AccessTokens(new Uint8Array(32), rig.clock);
    const forged = session && (await stranger.issue(session)).text;
    expect(await rig.ask(bearer(text))).toMatchObject({ role: "owner" });
    const answer = rig.ask(bearer(change(text, forged ?? "")));
    await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
  });

  test.for([
    ["another algorithm", { alg: "HS512", typ: "at+jwt" }, {}],
    ["another type", { alg: "HS256", typ: "JWT" }, {}],
    ["no type", { alg: "HS256" }, {}],
    ["no expiry", { alg: "HS256", typ: "at+jwt" }, { exp: undefined }],
    ["an expiry that is no time", { alg: "HS256", typ: "at+jwt" }, { exp: "never" }],
    ["no session", { alg: "HS256", typ: "at+jwt" }, { sid: undefined }],
    ["a session that is no id", { alg: "HS256", typ: "at+jwt" }, { sid: "' OR 1=1 --" }],
    ["another user", { alg: "HS256", typ: "at+jwt" }, { sub: newId() }],
    ["a user that is no text", { alg: "HS256", typ: "at+jwt" }, { sub: { id: 1 } }],
  ] as const)("signed with our very key is none of ours with %s", async ([, header, changes]) => {
    await using rig = await openAccessRig();
    const { id } = await rig.token(rig.owner);
    const key = await rig.registry.secret("access-tokens");
    const nowS = Math.floor(startMs / 1_000);
    const sign = (head: JWTHeaderParameters, claims: object) =>
      new SignJWT({
        ...{ sid: id, sub: rig.owner.user.id, team: rig.owner.team.id },
        ...{ iat: nowS, exp: nowS + 60, ...claims },
      })
        .setProtectedHeader(head)
        .sign(key);
    const own = await sign({ alg: "HS256", typ: "at+jwt" }, {});
    expect(await rig.ask(bearer(`hwa_${own}`))).toMatchObject({ role: "owner" });
    const answer = rig.ask(bearer(`hwa_${await sign(header, changes)}`));
    await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("is not helped out by a cookie when it is wrong", async () => {
    await using rig = await openAccessRig();
    const { secret } = await rig.begin(rig.owner, "cookie");
    const cookie = `__Host-hookwatch=${secret}`;
    expect(await rig.ask({ cookie })).toMatchObject({ role: "owner" });
    const answer = rig.ask({ cookie, ...bearer("hwa_x.y.z") });
    await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
  });
});

describe("X-Team-Id", () => {
  const inTeam = (id: string) => ({ "x-team-id": id });

  test("selects another of the user's teams for one request, with the role there", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    await rig.join(ada, "viewer");
    const { text } = await rig.token(ada, ada.team.id);
    const authorization = `Bearer ${text}`;
    const there = await rig.ask({ authorization, ...inTeam(rig.owner.team.id) });
    expect(there).toMatchObject({ teamId: rig.owner.team.id, role: "viewer" });
    expect([...there.scopes]).not.toContain("servers:write");
    expect(await rig.ask({ authorization })).toMatchObject({ teamId: ada.team.id, role: "owner" });
  });

  test("of a foreign team is answered as that of an unknown one, whatever the credential", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    const { text: key } = await rig.addKey();
    const { text: token } = await rig.token(rig.owner);
    const { secret } = await rig.begin(rig.owner, "cookie");
    const credentials: Record<string, string>[] = [
      { "x-api-key": key },
      { authorization: `Bearer ${token}` },
      { cookie: `__Host-hookwatch=${secret}` },
    ];
    for (const credential of credentials) {
      const refusals = [ada.team.id, newId()].map((id) =>
        rig.ask({ ...credential, ...inTeam(id) }).catch((problem: unknown) => problem),
      );
      const [foreign, unknown] = await Promise.all(refusals);
      expect(foreign).toMatchObject({ code: "resource_not_found", message: "team not found" });
      expect(foreign).toEqual(unknown);
    }
  });

  test("of a key is the key's own team or none, though its user is in another", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    await rig.join(ada, "owner");
    const { text } = await rig.addKey({ userId: ada.user.id, teamId: ada.team.id });
    expect(await rig.ask({ "x-api-key": text, ...inTeam(ada.team.id) })).toMatchObject({
      teamId: ada.team.id,
    });
    const elsewhere = rig.ask({ "x-api-key": text, ...inTeam(rig.owner.team.id) });
    await expect(elsewhere).rejects.toMatchObject({ code: "resource_not_found" });
  });

  test.for(["", "x", "%00", `${newId()}, ${newId()}`, "*"])(
    "%j is no id, and said to be none to whom we know",
    async (id) => {
      await using rig = await openAccessRig();
      const { text } = await rig.addKey();
      await expect(rig.ask({ "x-api-key": text, ...inTeam(id) })).rejects.toMatchObject({
        code: "validation_error",
        details: [{ field: "X-Team-Id" }],
      });
      const stranger = rig.ask({ "x-api-key": newKeyText(), ...inTeam(id) });
      await expect(stranger).rejects.toMatchObject({ code: "invalid_token" });
    },
  );
});

describe("the cookie of the dashboard", () => {
  const cookieOf = (secret: string) => ({ cookie: `a=1; __Host-hookwatch=${secret}; b=2` });

  test("stands for its user in the active team", async () => {
    await using rig = await openAccessRig();
    const { secret, session } = await rig.begin(rig.owner, "cookie");
    expect(await rig.ask(cookieOf(secret))).toMatchObject({
      userId: rig.owner.user.id,
      teamId: rig.owner.team.id,
      credential: { kind: "cookie", id: session.id },
    });
  });

  test("is refused when it is there twice, though both be the same", async () => {
    await using rig = await openAccessRig();
    const { secret } = await rig.begin(rig.owner, "cookie");
    const cookie = `__Host-hookwatch=${secret}; __Host-hookwatch=${secret}`;
    await expect(rig.ask({ cookie })).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("is over twelve hours after its last use, and seven days after its beginning", async () => {
    await using rig = await openAccessRig();
    const idle = await rig.begin(rig.owner, "cookie");
    const busy = await rig.begin(rig.owner, "cookie");
    rig.pass(12 * hourMs - 1);
    const used = { lastUsedAtMs: rig.clock.nowMs() };
    await rig.registry.changeSession(busy.session.id, used);
    rig.pass(1);
    const tooOld = { code: "token_expired" };
    await expect(rig.ask(cookieOf(idle.secret))).rejects.toMatchObject(tooOld);
    expect(await rig.ask(cookieOf(busy.secret))).toMatchObject({ role: "owner" });
    rig.pass(7 * dayMs - 12 * hourMs);
    const late = { lastUsedAtMs: rig.clock.nowMs() };
    await rig.registry.changeSession(busy.session.id, late);
    await expect(rig.ask(cookieOf(busy.secret))).rejects.toMatchObject(tooOld);
  });

  test("of another kind of session is none", async () => {
    await using rig = await openAccessRig();
    const { secret } = await rig.begin(rig.owner, "token");
    await expect(rig.ask(cookieOf(secret))).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("goes on in another team when its user has left the active one, but changes nothing there unasked", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    await rig.join(ada, "member");
    const { secret, session } = await rig.begin(ada, "cookie", rig.owner.team.id);
    await removeMember(rig, ada.user.id);
    const own = { origin: publicUrl, "x-csrf-token": rig.access.csrfToken(session.id) };
    const change = rig.ask({ ...cookieOf(secret), ...own }, "POST");
    await expect(change).rejects.toMatchObject({ code: "forbidden" });
    expect(await rig.ask({ ...cookieOf(secret), ...own }, "POST")).toMatchObject({
      teamId: ada.team.id,
    });
    expect(await rig.ask(cookieOf(secret))).toMatchObject({ teamId: ada.team.id });
  });
});

async function removeMember(
  rig: Awaited<ReturnType<typeof openAccessRig>>,
  userId: string,
): Promise<void> {
  const teamId = rig.owner.team.id;
  const what = { sourceIp: "", subjectId: userId, details: {}, atMs: 1 };
  await rig.registry.removeMember(teamId, userId, { ...what, teamId, action: "member.removed" });
}

function withClaims(
  text: string,
  change: (claims: Record<string, unknown>) => Record<string, unknown>,
): string {
  const [head, body = "", signature] = text.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString());
  const changed = Buffer.from(JSON.stringify(change(claims))).toString("base64url");
  return [head, changed, signature].join(".");
}

function unsecured(text: string): string {
  const [, body = ""] = text.split(".");
  return `hwa_${new UnsecuredJWT(JSON.parse(Buffer.from(body, "base64url").toString())).encode()}`;
}
