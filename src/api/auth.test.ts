import { describe, expect, test } from "vitest";
import { cheap } from "../../test/access/rig.ts";
import { type Ask, engines, fieldError, now, openRig, type Rig } from "../../test/api/rig.ts";
import { newSecretText } from "../access/secret-text.ts";
import { newSignInLink } from "../access/sign-in-links.ts";
import { newId } from "../id.ts";
import { parseEmail } from "../user.ts";
import type { WireMe, WireSessionList, WireSignedIn, WireSignInMethods } from "./wire-auth.ts";
import type { WireMadeInvitation } from "./wire-teams.ts";

const origin = "https://hookwatch.example";
const password = "correct horse battery";
const ada = { email: "ada@example.com", password };
const asCookie = { "x-hookwatch-session": "cookie", "content-type": "application/json" };
const wrong = {
  error: { code: "invalid_token", message: "the address or the password is wrong", details: [] },
};

const open = (engine: (typeof engines)[number] = "memory", isSignupOpen = true) =>
  openRig(engine, { access: { isSignupOpen, passwordCost: cheap } });

const post = <Body = WireSignedIn>(rig: Rig, path: string, body: object, asked: Ask = {}) =>
  rig.ask<Body>("POST", `/v1/auth/${path}`, { key: null, body, ...asked });

const register = async (rig: Rig, body: object = ada) => {
  const answer = await post(rig, "register", body);
  expect(answer.status).toBe(201);
  return answer.body;
};

/** The browser of a user who signs in with a password: its cookie and its pages' token. */
async function browser(rig: Rig, body: object = ada) {
  const answer = await post(rig, "login", body, { headers: asCookie });
  expect(answer.status).toBe(200);
  const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
  const csrf = answer.body.csrf_token ?? "";
  const headers = { cookie, origin, "x-csrf-token": csrf, "content-type": "application/json" };
  return { cookie, csrf, headers, setCookie: answer.headers.get("set-cookie") ?? "" };
}

const me = (rig: Rig, asked: Ask) => rig.ask<WireMe>("GET", "/v1/auth/me", asked);

describe.for(engines)("accounts over %s", (engine) => {
  test("registering makes a user with a team of their own, and signs in", async () => {
    await using rig = await open(engine);
    const signedIn = await register(rig, {
      ...ada,
      email: " Ada@Example.com",
      team_name: " Ours ",
    });
    expect(signedIn).toMatchObject({
      user: { email: "ada@example.com", created_at: new Date(now).toISOString() },
      team: { name: "Ours", plan: "default" },
      role: "owner",
      token_type: "Bearer",
      expires_in: 900,
      access_token: expect.stringMatching(/^hwa_/),
      refresh_token: expect.stringMatching(/^hwr_\w{49}$/),
    });
    const asked = await me(rig, { key: signedIn.access_token ?? "" });
    expect(asked.body).toMatchObject({
      user: signedIn.user,
      has_password: true,
      team: signedIn.team,
      role: "owner",
      credential: { kind: "token" },
      plan: { name: "default", servers_max: null },
      teams: [{ id: signedIn.team.id, name: "Ours", role: "owner" }],
    });
    expect(asked.body.scopes).toHaveLength(7);
    expect(asked.body.csrf_token).toBeUndefined();
  });

  test("a password signs in, in another session with other tokens", async () => {
    await using rig = await open(engine);
    const first = await register(rig);
    const second = await post(rig, "login", { ...ada, email: "ADA@example.com" });
    expect(second.status).toBe(200);
    expect(second.body).toMatchObject({ user: first.user, team: first.team, role: "owner" });
    expect(second.body.refresh_token).not.toBe(first.refresh_token);
    const key = second.body.access_token ?? "";
    const list = await rig.ask<WireSessionList>("GET", "/v1/auth/sessions", { key });
    expect(list.body.total).toBe(2);
    expect(list.body.data.map((one) => [one.kind, one.is_current])).toEqual([
      ["token", true],
      ["token", false],
    ]);
  });

  test("a refresh token is good once; what comes next goes on, and one that comes twice ends it all", async () => {
    await using rig = await open(engine);
    const first = await register(rig);
    const next = await post(rig, "refresh", { refresh_token: first.refresh_token });
    expect(next.status).toBe(200);
    expect(next.body).toMatchObject({ user: first.user, team: first.team });
    const third = await post(rig, "refresh", { refresh_token: next.body.refresh_token });
    expect(third.status).toBe(200);
    const key = third.body.access_token ?? "";
    expect((await me(rig, { key })).status).toBe(200);
    const again = await post(rig, "refresh", { refresh_token: first.refresh_token });
    expect(again).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
    expect((await me(rig, { key })).status).toBe(401);
    const late = await post(rig, "refresh", { refresh_token: third.body.refresh_token });
    expect(late.status).toBe(401);
    const audit = await rig.registry.audit(first.team.id, { limit: 10, actions: [] });
    expect(audit.map(({ action }) => action)).toContain("session.reuse_detected");
  });

  test("of a thousand refreshes at once exactly one wins", async () => {
    await using rig = await open(engine);
    const { refresh_token } = await register(rig);
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => post(rig, "refresh", { refresh_token })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect([statuses[0], statuses[1], statuses.at(-1)]).toEqual([200, 401, 401]);
    // Nobody guesses 256 bits: a client that repeats itself keeps nobody else of its network out.
    expect((await post(rig, "login", ada)).status).toBe(200);
  });

  test("a link signs in once, with tokens or as a cookie", async () => {
    await using rig = await open(engine);
    const link = () => newSignInLink(rig.registry, origin, rig.founder.userId, now);
    for (const headers of [{}, asCookie]) {
      const token = (await link()).split("#token=")[1];
      const answer = await post(rig, "sign-in-link", { token }, { headers });
      expect(answer).toMatchObject({ status: 200, body: { user: { id: rig.founder.userId } } });
      const again = await post(rig, "sign-in-link", { token }, { headers });
      expect(again).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
    }
  });

  test("a changed password ends every other session; a user without one may set the first", async () => {
    await using rig = await open(engine);
    const first = await register(rig);
    const other = await post(rig, "login", ada);
    const key = first.access_token ?? "";
    const change = (body: object) => rig.ask("POST", "/v1/auth/change-password", { key, body });
    const next = "a new and longer password";
    expect(await change({ current_password: "wrong one", new_password: next })).toMatchObject({
      status: 400,
      body: fieldError("current_password", "is not the present password"),
    });
    expect((await change({ new_password: next })).status).toBe(400);
    expect((await change({ current_password: password, new_password: next })).status).toBe(204);
    expect((await me(rig, { key })).status).toBe(200);
    expect((await me(rig, { key: other.body.access_token ?? "" })).status).toBe(401);
    expect((await post(rig, "refresh", { refresh_token: other.body.refresh_token })).status).toBe(
      401,
    );
    expect((await post(rig, "login", ada)).status).toBe(401);
    expect((await post(rig, "login", { ...ada, password: next })).status).toBe(200);
    const founder = { key: rig.founder.token };
    expect((await me(rig, founder)).body.has_password).toBe(false);
    const set = { ...founder, body: { new_password: next } };
    expect((await rig.ask("POST", "/v1/auth/change-password", set)).status).toBe(204);
    const login = { email: "owner@example.com", password: next };
    expect((await post(rig, "login", login)).status).toBe(200);
  });

  test("signing out ends this session at once, and another only by its owner", async () => {
    await using rig = await open(engine);
    const [first, second] = [await register(rig), (await post(rig, "login", ada)).body];
    const [one, two] = [first.access_token ?? "", second.access_token ?? ""];
    const sessions = await rig.ask<WireSessionList>("GET", "/v1/auth/sessions", { key: one });
    const other = sessions.body.data.find(({ is_current }) => !is_current);
    const path = `/v1/auth/sessions/${other?.id}`;
    const foreign = await rig.ask("DELETE", path, { key: rig.founder.token });
    const random = await rig.ask("DELETE", `/v1/auth/sessions/${newId()}`, {
      key: rig.founder.token,
    });
    expect([foreign.status, foreign.text]).toEqual([404, random.text]);
    expect((await me(rig, { key: two })).status).toBe(200);
    expect((await rig.ask("DELETE", path, { key: one })).status).toBe(204);
    expect((await me(rig, { key: two })).status).toBe(401);
    expect((await rig.ask("POST", "/v1/auth/logout", { key: one })).status).toBe(204);
    expect((await me(rig, { key: one })).status).toBe(401);
    expect((await post(rig, "refresh", { refresh_token: first.refresh_token })).status).toBe(401);
  });

  test("switching the team gives a token for it, and is remembered for the next one", async () => {
    await using rig = await open(engine);
    const member = await rig.addMember("member");
    const home = (await rig.registry.teamsOf(member.userId))[0]?.team.id ?? "";
    const key = await rig.tokenOf(member.userId, home);
    const switched = await rig.ask<WireSignedIn>("POST", "/v1/auth/switch-team", {
      key,
      body: { team_id: rig.founder.teamId },
    });
    expect(switched).toMatchObject({
      status: 200,
      body: { team: { id: rig.founder.teamId }, role: "member" },
    });
    expect(switched.body.refresh_token).toBeUndefined();
    const after = await me(rig, { key: switched.body.access_token ?? "" });
    expect(after.body.team.id).toBe(rig.founder.teamId);
    expect((await me(rig, { key })).body.team.id).toBe(home);
    const stranger = await rig.addStranger();
    const foreign = { key, body: { team_id: stranger.teamId } };
    const unknown = { key, body: { team_id: newId() } };
    const refusals = [foreign, unknown].map((asked) =>
      rig.ask("POST", "/v1/auth/switch-team", asked),
    );
    const [one, two] = await Promise.all(refusals);
    expect([one?.status, one?.text]).toEqual([404, two?.text]);
  });
});

describe("where sign-up is closed", () => {
  test("nobody registers, and everyone can see why not", async () => {
    await using rig = await open("memory", false);
    expect(await post(rig, "register", ada)).toMatchObject({
      status: 403,
      body: {
        error: {
          code: "forbidden",
          message: "accounts are made by invitation here; ask a member of your team for one",
        },
      },
    });
    const methods = await rig.ask<WireSignInMethods>("GET", "/v1/auth/methods", { key: null });
    expect(methods).toMatchObject({ status: 200, body: { signup: "closed", oidc: false } });
  });

  test("an invitation lets in its address, once, into its team", async () => {
    await using rig = await open("memory", false);
    const invite = await rig.ask<WireMadeInvitation>(
      "POST",
      `/v1/teams/${rig.founder.teamId}/invitations`,
      { body: { email: ada.email, role: "member" } },
    );
    const invitation = invite.body.token;
    const mallory = { email: "mallory@example.com", password, invitation };
    expect((await post(rig, "register", mallory)).status).toBe(403);
    const unknown = { ...ada, invitation: newSecretText("invitation") };
    expect((await post(rig, "register", unknown)).status).toBe(403);
    expect((await post(rig, "register", { ...ada, invitation: "x" })).status).toBe(403);
    const signedIn = await register(rig, { ...ada, invitation });
    expect(signedIn).toMatchObject({ team: { id: rig.founder.teamId }, role: "member" });
    expect((await post(rig, "register", mallory)).status).toBe(403);
    const again = { ...ada, email: "other@example.com", invitation };
    expect((await post(rig, "register", again)).status).toBe(403);
  });

  test("an invitation that has expired lets in nobody", async () => {
    let nowMs = now;
    const clock = { nowMs: () => nowMs, monotonicMs: () => 0 };
    await using rig = await openRig("memory", { clock, access: { passwordCost: cheap } });
    const path = `/v1/teams/${rig.founder.teamId}/invitations`;
    const body = { email: ada.email, role: "member" };
    const invite = await rig.ask<WireMadeInvitation>("POST", path, { body });
    nowMs += 24 * 3_600_000;
    const answer = await post(rig, "register", { ...ada, invitation: invite.body.token });
    expect(answer.status).toBe(403);
  });
});

describe("registering refuses", () => {
  test.for([
    [{ password }, fieldError("email", "is required")],
    [
      { ...ada, password: "short" },
      fieldError("password", "is 5 characters long, at least 12 are needed"),
    ],
    [
      { ...ada, password: "x".repeat(201) },
      fieldError("password", "is 201 characters long, the limit is 200"),
    ],
    [
      { ...ada, email: "nobody" },
      fieldError("email", 'must be an address such as "ada@example.com"'),
    ],
    [{ ...ada, team_name: " " }, fieldError("team_name", "must not be empty")],
    [
      { ...ada, role: "owner" },
      expect.objectContaining({ error: expect.objectContaining({ code: "validation_error" }) }),
    ],
  ] as const)("%j", async ([body, expected]) => {
    await using rig = await open();
    expect(await post(rig, "register", body)).toMatchObject({ status: 400, body: expected });
  });

  test("an address that has an account", async () => {
    await using rig = await open();
    await register(rig);
    const again = await post(rig, "register", { ...ada, email: "ADA@example.com" });
    expect(again).toMatchObject({ status: 409, body: { error: { code: "resource_exists" } } });
  });
});

describe("an unknown address and a wrong password", () => {
  test("are answered alike, to the byte", async () => {
    await using rig = await open();
    await register(rig);
    const known = await post(rig, "login", { ...ada, password: "another password" });
    const unknown = await post(rig, "login", { ...ada, email: "nobody@example.com" });
    expect(known).toMatchObject({ status: 401, body: wrong });
    expect(unknown.status).toBe(401);
    expect(unknown.text).toBe(known.text);
    const fields = (headers: Headers) => [...headers].filter(([name]) => name !== "x-request-id");
    expect(fields(unknown.headers)).toEqual(fields(known.headers));
  });

  test("a user without a password is as good as unknown", async () => {
    await using rig = await open();
    const answer = await post(rig, "login", { email: parseEmail(rig.founder.email), password });
    expect(answer).toMatchObject({ status: 401, body: wrong });
  });

  test("a huge password is refused before it is hashed", async () => {
    await using rig = await open();
    const answer = await post(rig, "login", { ...ada, password: "x".repeat(500_000) });
    expect(answer.status).toBe(400);
  });
});

describe("guessing", () => {
  const guess = (rig: Rig, from: string, email = ada.email) =>
    post(rig, "login", { email, password: "a guess that is wrong" }, { from });

  test("is refused after five failures of one network, right password or not, with the time to wait", async () => {
    await using rig = await open();
    await register(rig);
    for (let attempt = 0; attempt < 5; attempt++)
      expect((await guess(rig, "192.0.2.7")).status).toBe(401);
    for (const body of [ada, { ...ada, password: "a guess that is wrong" }]) {
      const refused = await post(rig, "login", body, { from: "192.0.2.7" });
      expect(refused).toMatchObject({ status: 429, body: { error: { code: "rate_limited" } } });
      const wait = Number(refused.headers.get("retry-after"));
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(60);
    }
  });

  test("many at once is no way around it", async () => {
    await using rig = await open();
    await register(rig);
    const answers = await Promise.all(Array.from({ length: 50 }, () => guess(rig, "192.0.2.7")));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(45);
  });

  test("of a stranger never keeps the owner out, who comes from elsewhere", async () => {
    await using rig = await open();
    await register(rig);
    for (let attempt = 0; attempt < 60; attempt++) await guess(rig, "192.0.2.7");
    expect((await post(rig, "login", ada, { from: "198.51.100.1" })).status).toBe(200);
  });

  test("addresses of one IPv6 network are one, those of others are not", async () => {
    await using rig = await open();
    await register(rig);
    for (let attempt = 0; attempt < 5; attempt++) await guess(rig, `2001:db8::${attempt + 1}`);
    expect((await guess(rig, "2001:db8::ffff:1:2")).status).toBe(429);
    expect((await guess(rig, "2001:db8:0:1::1")).status).toBe(401);
  });

  test("over many accounts is refused after a hundred failures of one network", async () => {
    await using rig = await open();
    for (let at = 0; at < 100; at++)
      expect((await guess(rig, "192.0.2.7", `u${at}@example.com`)).status).toBe(401);
    expect((await guess(rig, "192.0.2.7", "u100@example.com")).status).toBe(429);
    expect((await guess(rig, "192.0.2.8", "u100@example.com")).status).toBe(401);
  });

  test("is forgiven to who then signs in", async () => {
    await using rig = await open();
    await register(rig);
    for (let round = 0; round < 5; round++) {
      for (let attempt = 0; attempt < 4; attempt++)
        expect((await guess(rig, "192.0.2.7")).status).toBe(401);
      expect((await post(rig, "login", ada, { from: "192.0.2.7" })).status).toBe(200);
    }
  });
});

describe("the cookie", () => {
  test("is a secret that scripts and other sites never see, over https alone", async () => {
    await using rig = await open();
    await register(rig);
    const { setCookie } = await browser(rig);
    expect(setCookie).toMatch(
      /^__Host-hookwatch=hws_\w{49}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  test("comes without any token in the body", async () => {
    await using rig = await open();
    await register(rig);
    const { body } = await post(rig, "login", ada, { headers: asCookie });
    expect(Object.keys(body).sort()).toEqual(["csrf_token", "role", "team", "user"]);
  });

  test("lets its pages read, and change with proof that they are ours", async () => {
    await using rig = await open();
    await register(rig);
    const { cookie, csrf, headers } = await browser(rig);
    const asked = await me(rig, { key: null, headers: { cookie } });
    expect(asked).toMatchObject({
      status: 200,
      body: { credential: { kind: "cookie" }, csrf_token: csrf },
    });
    const created = await rig.ask("POST", "/v1/teams", { key: null, headers, body: { name: "x" } });
    expect(created.status).toBe(201);
  });

  test.for([
    ["no token", (own: Fields) => ({ ...own, "x-csrf-token": "" })],
    ["another token", (own: Fields) => ({ ...own, "x-csrf-token": "x".repeat(43) })],
    ["no origin and no word of the browser's", ({ origin: _, ...own }: Fields) => own],
    ["a foreign origin", (own: Fields) => ({ ...own, origin: "https://evil.example" })],
    ["an origin without TLS", (own: Fields) => ({ ...own, origin: "http://hookwatch.example" })],
    ["an origin that says nothing", (own: Fields) => ({ ...own, origin: "null" })],
    [
      "an origin that begins alike",
      (own: Fields) => ({ ...own, origin: `${origin}.evil.example` }),
    ],
    [
      "the word of the browser, same-site",
      ({ origin: _, ...own }: Fields) => ({ ...own, "sec-fetch-site": "same-site" }),
    ],
    ["a form's content type", (own: Fields) => ({ ...own, "content-type": "text/plain" })],
    [
      "a type that begins alike",
      (own: Fields) => ({ ...own, "content-type": "application/jsonp" }),
    ],
    [
      "a form's fields",
      (own: Fields) => ({ ...own, "content-type": "application/x-www-form-urlencoded" }),
    ],
  ] as const)("changes nothing with %s", async ([, change]) => {
    await using rig = await open();
    await register(rig);
    const { headers } = await browser(rig);
    const asked = { key: null, headers: change(headers), body: { name: "x" } };
    const answer = await rig.ask("POST", "/v1/teams", asked);
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
  });

  test("is taken with the browser's word when there is no origin", async () => {
    await using rig = await open();
    await register(rig);
    const { origin: _, ...headers } = (await browser(rig)).headers;
    const asked = { key: null, headers: { ...headers, "sec-fetch-site": "same-origin" } };
    expect((await rig.ask("POST", "/v1/auth/logout", asked)).status).toBe(204);
  });

  test("one session's token is none of another's", async () => {
    await using rig = await open();
    await register(rig);
    const [one, two] = [await browser(rig), await browser(rig)];
    const headers = { ...one.headers, "x-csrf-token": two.csrf };
    const answer = await rig.ask("POST", "/v1/auth/logout", { key: null, headers });
    expect(answer.status).toBe(403);
  });

  test("is new at each sign-in, and the one that the browser had before is worth nothing", async () => {
    await using rig = await open();
    await register(rig);
    const fixed = await browser(rig);
    const login = { headers: { ...asCookie, cookie: fixed.cookie } };
    const after = await post(rig, "login", ada, login);
    expect(after.headers.get("set-cookie")).not.toContain(fixed.cookie);
    expect((await me(rig, { key: null, headers: { cookie: fixed.cookie } })).status).toBe(401);
  });

  test("is forgotten at sign-out, by the browser and by us", async () => {
    await using rig = await open();
    await register(rig);
    const { cookie, headers } = await browser(rig);
    const answer = await rig.ask("POST", "/v1/auth/logout", { key: null, headers });
    expect(answer.headers.get("set-cookie")).toMatch(/^__Host-hookwatch=; Max-Age=0; /);
    expect((await me(rig, { key: null, headers: { cookie } })).status).toBe(401);
  });

  test("is replaced when the password changes", async () => {
    await using rig = await open();
    await register(rig);
    const { cookie, headers } = await browser(rig);
    const body = { current_password: password, new_password: "a new and longer password" };
    const answer = await rig.ask("POST", "/v1/auth/change-password", { key: null, headers, body });
    expect(answer.status).toBe(204);
    const [renewed = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    expect((await me(rig, { key: null, headers: { cookie } })).status).toBe(401);
    expect((await me(rig, { key: null, headers: { cookie: renewed } })).status).toBe(200);
  });

  test("is not set for a page of another origin, nor for a kind that nobody knows", async () => {
    await using rig = await open();
    await register(rig);
    for (const origins of ["https://evil.example", "http://localhost:3000", "null"]) {
      const headers = { ...asCookie, origin: origins };
      expect((await post(rig, "login", ada, { headers })).status).toBe(403);
    }
    const other = { headers: { "x-hookwatch-session": "both" } };
    expect((await post(rig, "login", ada, other)).status).toBe(400);
  });
});

type Fields = Readonly<Record<string, string>>;

describe("without TLS the cookie", () => {
  const plain = (host: string) =>
    openRig("memory", {
      publicUrl: () => `http://${host}`,
      access: { isSignupOpen: true, passwordCost: cheap },
    });

  test.for(["127.0.0.1:7070", "localhost:7070", "[::1]:7070"])(
    "works on this machine, under each of its names: %s",
    async (host) => {
      await using rig = await plain("127.0.0.1:7070");
      await register(rig);
      const answer = await post(rig, "login", ada, { headers: { ...asCookie, host } });
      const setCookie = answer.headers.get("set-cookie") ?? "";
      expect(setCookie).toMatch(
        /^hookwatch=hws_\w{49}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/,
      );
      const [cookie = ""] = setCookie.split(";");
      const own = { cookie, "x-csrf-token": answer.body.csrf_token ?? "", host };
      const logout = (from: string) =>
        rig.ask("POST", "/v1/auth/logout", { key: null, headers: { ...own, origin: from } });
      expect((await logout("http://localhost:3000")).status).toBe(403);
      expect((await logout(`https://${host}`)).status).toBe(403);
      expect((await logout(`http://${host}`)).status).toBe(204);
    },
  );

  test("is not given to who comes over a network, and nothing is spent on that", async () => {
    await using rig = await plain("192.0.2.1:7070");
    await register(rig);
    const url = await newSignInLink(rig.registry, origin, rig.founder.userId, now);
    const token = url.split("#token=")[1];
    const headers = { ...asCookie, host: "192.0.2.1:7070" };
    expect((await post(rig, "login", ada, { headers })).status).toBe(403);
    expect((await post(rig, "sign-in-link", { token }, { headers })).status).toBe(403);
    expect((await post(rig, "sign-in-link", { token })).status).toBe(200);
  });
});

describe("an API key", () => {
  test("may see whom it acts for, in its own team", async () => {
    await using rig = await open();
    const member = await rig.addMember("viewer");
    const { body } = await me(rig, { key: member.key });
    expect(body).toMatchObject({
      user: { email: member.email },
      role: "viewer",
      scopes: ["servers:read", "calls:read", "calls:bodies"],
      credential: { kind: "key", id: member.keyId },
      teams: [{ id: rig.founder.teamId }],
    });
  });

  test.for([
    ["POST", "logout", {}],
    ["POST", "change-password", { new_password: "a new and longer password" }],
    ["POST", "switch-team", { team_id: newId() }],
    ["GET", "sessions", undefined],
    ["DELETE", `sessions/${newId()}`, undefined],
  ] as const)("has no say in its user's account: %s %s", async ([method, path, body]) => {
    await using rig = await open();
    const answer = await rig.ask(method, `/v1/auth/${path}`, body ? { body } : {});
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
  });
});

test("a crowd that signs in is told when to come back, and fills no log", async () => {
  await using rig = await open();
  const login = (n: number) =>
    post(rig, "login", { email: `u${n}@example.com`, password }, { from: `192.0.2.${n}` });
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => login(n)));
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(100);
  for (const { headers } of refused) expect(headers.get("retry-after")).toBe("2");
  expect(rig.reports).toEqual([]);
});

test("who comes in and who fails to is in the audit log of the team", async () => {
  await using rig = await open();
  const { team, access_token: key = "" } = await register(rig);
  await post(rig, "login", { ...ada, password: "another password" }, { from: "192.0.2.9" });
  await post(rig, "login", ada, { from: "192.0.2.9" });
  await rig.ask("POST", "/v1/auth/change-password", {
    key,
    body: { current_password: password, new_password: "a new and longer password" },
  });
  await rig.ask("POST", "/v1/auth/logout", { key });
  await rig.access[Symbol.asyncDispose]();
  const entries = await rig.registry.audit(team.id, { limit: 100, actions: [] });
  expect(entries.map(({ action, sourceIp }) => [action, sourceIp]).sort()).toEqual([
    ["user.password_changed", ""],
    ["user.registered", ""],
    ["user.sign_in_failed", "192.0.2.9"],
    ["user.signed_in", ""],
    ["user.signed_in", "192.0.2.9"],
    ["user.signed_out", ""],
  ]);
  expect(JSON.stringify(entries)).not.toContain("horse");
});

test("no secret is in any answer but that which makes it", async () => {
  await using rig = await open();
  await register(rig);
  const { headers, cookie } = await browser(rig);
  for (const path of ["/v1/auth/me", "/v1/auth/sessions", "/v1/audit", "/v1/api-keys"]) {
    const { status, text } = await rig.ask("GET", path, { key: null, headers });
    expect(status).toBe(200);
    expect(text).not.toMatch(/hw[a-z]_\w{20,}|argon2/);
    expect(text).not.toContain(cookie.split("=")[1]);
  }
});
