/** From the first start to a signed-in dashboard, over sockets, as a browser and as programs do it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { Browser } from "./openid-provider.ts";
import { program, type Rig, startRig } from "./rig.ts";
import { until } from "./until.ts";

const password = "correct horse battery";
const owner = { email: "owner@localhost", password };
const json = { "content-type": "application/json" };
const asCookie = { ...json, "x-hookwatch-session": "cookie" };

/** The token of the link that the start printed. */
const printedToken = (rig: Rig) =>
  until(
    "the link",
    5_000,
    () => /\/sign-in#token=(hwl_\w+)$/m.exec(rig.output.join("\n"))?.[1],
    (token) => token !== undefined,
  );

const post = (url: string, body: object, headers: Readonly<Record<string, string>> = json) => ({
  url,
  init: { method: "POST", headers, body: JSON.stringify(body) },
});

const send = ({ url, init }: ReturnType<typeof post>) => fetch(url, init);

/** A browser that opened the link of the start, and what its pages send with each change. */
async function signedIn(rig: Rig) {
  const browser = new Browser();
  const token = (await printedToken(rig)) ?? "";
  const { url, init } = post(`${rig.url}/v1/auth/sign-in-link`, { token }, asCookie);
  const response = await browser.open(url, init);
  expect(response.status).toBe(200);
  const { csrf_token } = (await response.json()) as { csrf_token: string };
  const own = { ...json, origin: rig.url, "x-csrf-token": csrf_token };
  const change = (path: string, body: object, headers: Readonly<Record<string, string>> = own) => {
    const asked = post(`${rig.url}/v1${path}`, body, headers);
    return browser.open(asked.url, asked.init);
  };
  return { browser, token, own, change };
}

async function run(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...environment },
  });
  const ended = once(child, "exit");
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  return { output, errors, code: code as number };
}

test("the link of the first start opens the dashboard once; a password ends the need for links", async () => {
  await using rig = await startRig();
  const { browser, token, change } = await signedIn(rig);
  expect([...browser.cookies(rig.url).keys()]).toEqual(["hookwatch"]);
  expect((await send(post(`${rig.url}/v1/auth/sign-in-link`, { token }))).status).toBe(401);
  const unused = await run(["sign-in-link"], {
    HOOKWATCH_DATA_DIR: rig.dataDir,
    HOOKWATCH_PUBLIC_URL: rig.url,
  });
  const set = await change("/auth/change-password", { new_password: password });
  expect(set.status).toBe(204);
  expect((await browser.open(`${rig.url}/v1/auth/me`)).status).toBe(200);
  const late = unused.output.split("#token=")[1]?.trim();
  expect((await send(post(`${rig.url}/v1/auth/sign-in-link`, { token: late }))).status).toBe(401);
  expect((await send(post(`${rig.url}/v1/auth/login`, owner))).status).toBe(200);
  await using again = await restart(rig);
  expect(again.output.join("\n")).not.toContain("#token=");
});

/** The same data folder, once the host that has it is gone. */
async function restart(rig: Rig): Promise<Rig> {
  await rig.kill();
  return startRig({ dataDir: rig.dataDir, apiKey: rig.apiKey });
}

describe("hookwatch sign-in-link", () => {
  test("prints a link while the host runs, and the host takes it", async () => {
    await using rig = await startRig();
    const made = await run(["sign-in-link", "--public-url", rig.url], {
      HOOKWATCH_DATA_DIR: rig.dataDir,
    });
    expect(made).toMatchObject({ code: 0, errors: "" });
    expect(made.output.startsWith(`${rig.url}/sign-in#token=hwl_`)).toBe(true);
    const token = made.output.split("#token=")[1]?.trim();
    const answer = await send(post(`${rig.url}/v1/auth/sign-in-link`, { token }));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ user: { email: "owner@localhost" } });
  });

  test.for([
    [["--email", "nobody@example.com"], 1, "nobody has the address nobody@example.com"],
    [["--email", "nobody"], 2, 'email must be an address such as "ada@example.com"'],
    [
      ["--port", "0"],
      2,
      "HOOKWATCH_PORT is 0, which says not where the host listens; give --public-url",
    ],
    [["now"], 2, 'command line has an unexpected word "now"'],
  ] as const)("with %j says what is wrong", async ([args, code, sentence]) => {
    await using rig = await startRig();
    const environment = { HOOKWATCH_DATA_DIR: rig.dataDir };
    const answer = await run(["sign-in-link", ...args], environment);
    expect(answer).toEqual({ code, output: "", errors: `hookwatch: ${sentence}\n` });
  });

  test("where no host has ever run makes nothing", async () => {
    const answer = await run(["sign-in-link"], { HOOKWATCH_DATA_DIR: "/nonexistent" });
    expect(answer).toMatchObject({
      code: 1,
      errors:
        "hookwatch: there are no accounts in /nonexistent/registry.db; start the host first\n",
    });
  });
});

describe("a page of another site", () => {
  test("can neither read nor change with the dashboard's cookie", async () => {
    await using rig = await startRig();
    const { browser, own, change } = await signedIn(rig);
    expect((await change("/teams", { name: "mine" })).status).toBe(201);
    const { origin: _, "x-csrf-token": token, ...plain } = own;
    const attempts: Readonly<Record<string, string>>[] = [
      { ...own, origin: "https://evil.example" },
      { ...own, origin: "http://localhost:9" },
      { ...plain, "x-csrf-token": token },
      { ...plain, "x-csrf-token": token, "sec-fetch-site": "cross-site" },
      { ...plain, origin: rig.url },
      { ...own, "content-type": "text/plain" },
    ];
    for (const headers of attempts) {
      const answer = await change("/teams", { name: "theirs" }, headers);
      expect(answer.status, JSON.stringify(headers)).toBe(403);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    }
    const teams = await browser.open(`${rig.url}/v1/teams`);
    expect(await teams.json()).toMatchObject({ total: 2 });
  });

  test("cannot sign a browser in to an account of its own", async () => {
    await using rig = await startRig();
    const token = (await printedToken(rig)) ?? "";
    for (const origin of ["https://evil.example", "http://127.0.0.1:9"]) {
      const headers = { ...asCookie, origin };
      const answer = await send(post(`${rig.url}/v1/auth/sign-in-link`, { token }, headers));
      expect(answer.status).toBe(403);
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
    const headers = { ...asCookie, origin: rig.url };
    const own = await send(post(`${rig.url}/v1/auth/sign-in-link`, { token }, headers));
    expect(own.status).toBe(200);
  });
});

test("a role, a session and a key that end are refused at the very next request", async () => {
  await using rig = await startRig({ environment: { HOOKWATCH_SIGNUP: "open" } });
  const body = { email: "ada@example.com", password };
  const registered = await send(post(`${rig.url}/v1/auth/register`, body));
  const ada = (await registered.json()) as { access_token: string; user: { id: string } };
  const bearer = { authorization: `Bearer ${ada.access_token}` };
  const get = (path: string, headers: Readonly<Record<string, string>>) =>
    fetch(`${rig.url}/v1${path}`, { headers });
  const made = await send(post(`${rig.url}/v1/api-keys`, { name: "CI" }, { ...json, ...bearer }));
  const key = (await made.json()) as { id: string; key: string };
  expect((await get("/mcp/servers", { "x-api-key": key.key })).status).toBe(200);
  const operator = { authorization: `Bearer ${rig.apiKey}` };
  const { team } = (await (await get("/auth/me", operator)).json()) as { team: { id: string } };
  const members = `/teams/${team.id}/members/${ada.user.id}`;
  const ask = (method: string, path: string, by: typeof operator, asked?: object) =>
    fetch(`${rig.url}/v1${path}`, {
      method,
      headers: { ...json, ...by },
      ...(asked && { body: JSON.stringify(asked) }),
    });
  const invited = { email: body.email, role: "member" };
  const invitation = await ask("POST", `/teams/${team.id}/invitations`, operator, invited);
  const { token } = (await invitation.json()) as { token: string };
  expect((await ask("POST", "/invitations/accept", bearer, { token })).status).toBe(200);
  const there = { ...bearer, "x-team-id": team.id };
  const create = () =>
    ask("POST", "/mcp/servers", there, { name: "s", target_url: "https://example.com/mcp" });
  expect((await create()).status).toBe(201);
  expect((await ask("PUT", members, operator, { role: "viewer" })).status).toBe(200);
  expect((await create()).status).toBe(403);
  expect((await get("/mcp/servers", there)).status).toBe(200);
  expect((await ask("DELETE", members, operator)).status).toBe(204);
  expect((await get("/mcp/servers", there)).status).toBe(404);
  const removed = await ask("DELETE", `/api-keys/${key.id}`, bearer);
  expect(removed.status).toBe(204);
  expect((await get("/mcp/servers", { "x-api-key": key.key })).status).toBe(401);
  expect((await get("/auth/me", bearer)).status).toBe(200);
  const out = await send(post(`${rig.url}/v1/auth/logout`, {}, { ...json, ...bearer }));
  expect(out.status).toBe(204);
  expect((await get("/auth/me", bearer)).status).toBe(401);
});

test("no secret of an account rests in the data folder or the log", async () => {
  await using rig = await startRig();
  const { browser, own, change, token } = await signedIn(rig);
  await change("/auth/change-password", { new_password: password });
  const login = await send(post(`${rig.url}/v1/auth/login`, owner));
  const tokens = (await login.json()) as { access_token: string; refresh_token: string };
  await send(post(`${rig.url}/v1/auth/login`, { ...owner, password: "a wrong password" }));
  const cookie = browser.cookies(rig.url).get("hookwatch") ?? "";
  const secrets = [
    token,
    cookie,
    own["x-csrf-token"],
    password,
    "a wrong password",
    tokens.access_token,
    tokens.refresh_token,
  ];
  await rig.kill();
  const files = await readdir(rig.dataDir, { recursive: true, withFileTypes: true });
  const contents = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map((file) => readFile(`${file.parentPath}/${file.name}`, "latin1")),
  );
  const log = rig.output.filter((line) => line.startsWith("{")).join("\n");
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10);
    for (const content of [...contents, log]) expect(content.includes(secret)).toBe(false);
  }
});
