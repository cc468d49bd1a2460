/** Signing in with a provider: a real one, in browsers that keep cookies and follow redirects. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Browser, clientId, clientSecret, startOpenIdProvider } from "./openid-provider.ts";
import { type RigSetting, startRig } from "./rig.ts";

const password = "correct horse battery";

// The provider warns of itself: that it forgets everything, that its pages are for development.
beforeEach(() => {
  for (const method of ["warn", "info"] as const)
    vi.spyOn(console, method).mockImplementation(() => undefined);
  return () => vi.restoreAllMocks();
});

async function open(
  environment: Readonly<Record<string, string>> = {},
  { inIdToken = false, ...setting }: RigSetting & { readonly inIdToken?: boolean } = {},
) {
  await using opening = new AsyncDisposableStack();
  const provider = opening.use(await startOpenIdProvider({ inIdToken }));
  provider.people.set("ada", { email: "ada@example.com", email_verified: true });
  const rig = opening.use(
    await startRig({
      ...setting,
      environment: {
        HOOKWATCH_OIDC_ISSUER: provider.issuer,
        HOOKWATCH_OIDC_CLIENT_ID: clientId,
        HOOKWATCH_OIDC_CLIENT_SECRET: clientSecret,
        HOOKWATCH_OIDC_ALLOWED_DOMAINS: "example.com",
        ...environment,
      },
    }),
  );
  provider.admit(`${rig.url}/v1/auth/oidc/callback`);
  const opened = opening.move();
  const start = (next?: string) =>
    `${rig.url}/v1/auth/oidc/start${next === undefined ? "" : `?next=${encodeURIComponent(next)}`}`;

  /** Where our page leads after the provider's. */
  async function signIn(account: string, browser = new Browser(), next?: string) {
    const back = await browser.signInAs(account, start(next));
    const response = await browser.open(back);
    expect(response.status).toBe(302);
    return { browser, back, location: response.headers.get("location") ?? "" };
  }

  async function me(browser: Browser) {
    const response = await browser.open(`${rig.url}/v1/auth/me`);
    return { status: response.status, body: (await response.json()) as Me };
  }

  const post = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${rig.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  return {
    ...{ provider, rig, start, signIn, me, post },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

interface Me {
  readonly user: { readonly id: string; readonly email: string };
  readonly has_password: boolean;
  readonly credential: { readonly kind: string };
}

test.for([
  ["for whoever asks with an access token", false],
  ["in the ID token", true],
] as const)(
  "a user of an allowed domain gets an account at the first sign-in, the address being %s",
  async ([, inIdToken]) => {
    await using host = await open({}, { inIdToken });
    const { browser, location } = await host.signIn("ada", new Browser(), "/calls?status=error");
    expect(location).toBe("/calls?status=error");
    const first = await host.me(browser);
    expect(first).toMatchObject({
      status: 200,
      body: {
        user: { email: "ada@example.com" },
        has_password: false,
        credential: { kind: "cookie" },
      },
    });
    expect([...browser.cookies(host.rig.url).keys()]).toEqual(["hookwatch"]);
    const again = await host.signIn("ada");
    expect(again.location).toBe("/");
    expect((await host.me(again.browser)).body.user.id).toBe(first.body.user.id);
  },
);

test("a user is known by the provider's subject, whatever becomes of the address", async () => {
  await using host = await open();
  const before = await host.me((await host.signIn("ada")).browser);
  host.provider.people.set("ada", { email: "lovelace@elsewhere.example", email_verified: false });
  host.provider.people.set("eve", { email: "eve@example.com", email_verified: true });
  const after = await host.me((await host.signIn("ada")).browser);
  expect(after.body.user.id).toBe(before.body.user.id);
  const other = await host.me((await host.signIn("eve")).browser);
  expect(other.body.user.id).not.toBe(before.body.user.id);
});

describe("nobody is signed in", () => {
  test.for([
    ["whose address the provider has not verified", "ada@example.com", false, "email_unverified"],
    ["who is of another domain", "ada@elsewhere.example", true, "no_account"],
    ["who calls himself by the first owner's address", "owner@localhost", true, "email_unverified"],
    ["whose domain only ends alike", "ada@evil-example.com", true, "no_account"],
    ["whose domain only begins alike", "ada@example.com.evil.example", true, "no_account"],
    [
      "who puts the domain before the last @",
      "a@example.com@evil.example",
      true,
      "email_unverified",
    ],
  ] as const)("%s", async ([, email, email_verified, problem]) => {
    await using host = await open();
    host.provider.people.set("ada", { email, email_verified });
    const { browser, location } = await host.signIn("ada");
    expect(location).toBe(`/sign-in?problem=${problem}`);
    expect((await host.me(browser)).status).toBe(401);
    expect(browser.cookies(host.rig.url).size).toBe(0);
  });

  test("who declines at the provider", async () => {
    await using host = await open();
    const browser = new Browser();
    const begun = await browser.open(host.start());
    const asked = await browser.open(begun.headers.get("location") ?? "");
    const page = new URL(asked.headers.get("location") ?? "", asked.url).href;
    await browser.open(page);
    const aborted = await browser.open(`${page}/abort`);
    const resumed = await browser.open(aborted.headers.get("location") ?? "");
    const back = resumed.headers.get("location") ?? "";
    expect(back).toContain("error=access_denied");
    const response = await browser.open(back);
    expect(response.headers.get("location")).toBe("/sign-in?problem=provider_refused");
  });

  test("in a browser that did not begin, or began something else", async () => {
    await using host = await open();
    const victim = new Browser();
    const back = await new Browser().signInAs("ada", host.start());
    const bare = await victim.open(back);
    expect(bare.headers.get("location")).toBe("/sign-in?problem=provider_refused");
    await victim.open(host.start());
    expect(victim.cookies(host.rig.url).size).toBe(1);
    const crossed = await victim.open(back);
    expect(crossed.headers.get("location")).toBe("/sign-in?problem=provider_refused");
    expect((await host.me(victim)).status).toBe(401);
  });

  test("by the same answer of the provider twice", async () => {
    await using host = await open();
    const browser = new Browser();
    const back = await browser.signInAs("ada", host.start());
    const kept = new Map(browser.cookies(host.rig.url));
    expect((await browser.open(back)).headers.get("location")).toBe("/");
    const replay = new Browser();
    for (const [name, value] of kept) replay.cookies(host.rig.url).set(name, value);
    const again = await replay.open(back);
    expect(again.headers.get("location")).toBe("/sign-in?problem=provider_refused");
    expect((await host.me(replay)).status).toBe(401);
  });

  test("when what the browser kept was tampered with", async () => {
    await using host = await open();
    const browser = new Browser();
    const back = await browser.signInAs("ada", host.start());
    const jar = browser.cookies(host.rig.url);
    const value = jar.get("hookwatch-oidc") ?? "";
    const at = value.length - 30;
    jar.set(
      "hookwatch-oidc",
      value.slice(0, at) + (value[at] === "A" ? "B" : "A") + value.slice(at + 1),
    );
    const response = await browser.open(back);
    expect(response.headers.get("location")).toBe("/sign-in?problem=provider_refused");
  });

  test.for([
    ["another state", (url: URL) => url.searchParams.set("state", "x".repeat(43))],
    ["no state", (url: URL) => url.searchParams.delete("state")],
    [
      "two states",
      (url: URL) => url.searchParams.append("state", url.searchParams.get("state") ?? ""),
    ],
    ["another issuer", (url: URL) => url.searchParams.set("iss", "https://evil.example")],
    ["another code", (url: URL) => url.searchParams.set("code", "x".repeat(43))],
  ] as const)("by an answer with %s, in the right browser", async ([, change]) => {
    await using host = await open();
    const browser = new Browser();
    const back = new URL(await browser.signInAs("ada", host.start()));
    change(back);
    const response = await browser.open(back.href);
    expect(response.headers.get("location")).toBe("/sign-in?problem=provider_refused");
    expect((await host.me(browser)).status).toBe(401);
  });

  test("when the provider does not take our secret, which the log does not tell", async () => {
    await using host = await open();
    host.provider.admit(`${host.rig.url}/v1/auth/oidc/callback`, "quite another secret");
    const { back, location } = await host.signIn("ada");
    expect(location).toBe("/sign-in?problem=provider_refused");
    const code = new URL(back).searchParams.get("code") ?? "";
    expect(code).not.toBe("");
    const log = host.rig.output.join("\n");
    expect(log).toContain("a provider signed nobody in");
    expect(log).not.toContain(clientSecret);
    expect(log).not.toContain(code);
  });
});

describe("an account that has the address already", () => {
  const register = (host: Awaited<ReturnType<typeof open>>, invitation?: string) =>
    host.post("/v1/auth/register", {
      email: "ada@example.com",
      password,
      ...(invitation && { invitation }),
    });

  test("is the one that is signed in to, where accounts are made by invitation", async () => {
    await using host = await open();
    const owner = { authorization: `Bearer ${host.rig.apiKey}` };
    const teams = await fetch(`${host.rig.url}/v1/teams`, { headers: owner });
    const [team] = ((await teams.json()) as { data: { id: string }[] }).data;
    const invite = { email: "ada@example.com", role: "member" };
    const invited = await host.post(`/v1/teams/${team?.id}/invitations`, invite, owner);
    const { token } = (await invited.json()) as { token: string };
    expect((await register(host, token)).status).toBe(201);
    const { browser } = await host.signIn("ada");
    expect((await host.me(browser)).body).toMatchObject({
      user: { email: "ada@example.com" },
      has_password: true,
    });
  });

  test("is kept from it where anyone may have registered the address, until its password was given", async () => {
    await using host = await open({ HOOKWATCH_SIGNUP: "open" });
    expect((await register(host)).status).toBe(201);
    const refused = await host.signIn("ada");
    expect(refused.location).toBe("/sign-in?problem=account_exists");
    expect((await host.me(refused.browser)).status).toBe(401);
    const browser = new Browser();
    const login = await browser.open(`${host.rig.url}/v1/auth/login`, {
      method: "POST",
      headers: { "x-hookwatch-session": "cookie", "content-type": "application/json" },
      body: JSON.stringify({ email: "ada@example.com", password }),
    });
    expect(login.status).toBe(200);
    const { body } = await host.me(browser);
    expect((await host.signIn("ada", browser)).location).toBe("/");
    expect((await host.me(browser)).body.user.id).toBe(body.user.id);
    const elsewhere = await host.signIn("ada");
    expect((await host.me(elsewhere.browser)).body.user.id).toBe(body.user.id);
  });
});

test("the browser is led to paths of this host alone", async () => {
  await using host = await open();
  for (const next of [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "calls",
    "",
    "/a\nLocation: //evil.example",
    "/\t/evil.example",
  ]) {
    const response = await fetch(host.start(next), { redirect: "manual" });
    expect(response.status, next).toBe(400);
    expect(await response.json()).toMatchObject({ error: { details: [{ field: "next" }] } });
  }
});

test("what the browser keeps is for ten minutes, for us alone, and tells it nothing", async () => {
  await using host = await open();
  const response = await fetch(host.start("/calls"), { redirect: "manual" });
  expect(response.status).toBe(302);
  const url = new URL(response.headers.get("location") ?? "");
  expect(url.origin).toBe(host.provider.issuer);
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    response_type: "code",
    client_id: clientId,
    scope: "openid email",
    redirect_uri: `${host.rig.url}/v1/auth/oidc/callback`,
    code_challenge_method: "S256",
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    state: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
  });
  const cookie = response.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/^hookwatch-oidc=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
  const state = url.searchParams.get("state") ?? "";
  const parts = cookie
    .split(/[=;.]/)
    .map((part) => Buffer.from(part, "base64url").toString("latin1"));
  expect(parts.join()).not.toContain(state);
});

test("a provider that is away is said to be, and asked again", async () => {
  await using host = await open();
  host.provider.isUp = false;
  expect((await fetch(host.start(), { redirect: "manual" })).status).toBe(503);
  host.provider.isUp = true;
  const browser = new Browser();
  const back = await browser.signInAs("ada", host.start());
  host.provider.isUp = false;
  const response = await browser.open(back);
  expect(response.headers.get("location")).toBe("/sign-in?problem=provider_unavailable");
});

test("a provider is asked only where the egress rule lets us", async () => {
  await using host = await open({ HOOKWATCH_EGRESS: "public" });
  expect((await fetch(host.start(), { redirect: "manual" })).status).toBe(503);
  expect(host.provider.asked).toEqual([]);
});

test("without a provider there is nothing to go to, and nothing is said to be", async () => {
  await using rig = await startRig();
  for (const path of ["start", "callback?code=x&state=y"]) {
    const response = await fetch(`${rig.url}/v1/auth/oidc/${path}`, { redirect: "manual" });
    expect(response.status).toBe(404);
  }
  const methods = await fetch(`${rig.url}/v1/auth/methods`);
  expect(await methods.json()).toEqual({ signup: "closed", oidc: false });
});
