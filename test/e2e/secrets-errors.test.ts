/**
 * Where things go wrong, more is written down than usual: secrets of calls that fail on every way there is are in no
 * answer of the API, no file, the spill included, and no line of the log. Credentials of our own are not even forwarded.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Rig, startRig } from "./rig.ts";
import { startScripted } from "./scripted-upstream.ts";
import { storedText } from "./stored-text.ts";
import { toldBy } from "./told-text.ts";
import { until } from "./until.ts";

let dataDir = "";
let needles: string[] = [];
beforeEach(async () => {
  needles = [];
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-secrets-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** § stands for a new secret of 40 letters and digits. */
function fill(template: string): string {
  const secret = `a1${randomBytes(19).toString("hex")}`;
  needles.push(secret);
  return template.replaceAll("§", secret);
}

const witness = `witness ${randomBytes(8).toString("hex")}`;
const json = { "content-type": "application/json" };
const rpc = (more: object) => JSON.stringify({ jsonrpc: "2.0", id: 1, ...more });
const call = () =>
  rpc({
    method: "tools/call",
    params: { name: "x", arguments: { password: fill("§"), text: fill("token=§"), witness } },
  });
const answered = () => rpc({ result: { content: [{ type: "text", text: fill("password: §") }] } });

interface Attempt {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** The client leaves when the head of the answer is there. */
  readonly leaves?: boolean;
}

interface Case extends Attempt {
  readonly what: string;
  readonly answer?: (response: ServerResponse) => void;
  /** What the client gets; absent: a connection that breaks. */
  readonly status?: number;
}

function cases(): readonly Case[] {
  return [
    {
      what: "an upstream that breaks off amid an answer",
      answer: (response) => breakOff(response, json, answered()),
    },
    {
      what: "a stream that is cut amid an event",
      answer: (response) =>
        breakOff(response, { "content-type": "text/event-stream" }, `data: ${answered()}`),
    },
    {
      what: "an answer that is not what its coding says",
      answer: (response) =>
        response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(answered()),
      status: 200,
    },
    {
      what: "an answer in a coding that nobody knows",
      answer: (response) =>
        response.writeHead(200, { ...json, "content-encoding": "x-own" }).end(answered()),
      status: 200,
    },
    {
      what: "an error of HTTP in prose",
      answer: (response) => response.writeHead(500).end(fill("cannot sign in: password=§")),
      status: 500,
    },
    {
      what: "an error of JSON-RPC",
      answer: (response) => {
        const error = { code: -32_000, message: fill("cannot reach postgres://bob:§@db/x") };
        response.writeHead(200, json).end(rpc({ error: { ...error, data: fill("token=§") } }));
      },
      status: 200,
    },
    {
      what: "a tool that fails",
      answer: (response) => {
        const content = [{ type: "text", text: fill("sign-in failed: password=§ refused") }];
        response.writeHead(200, json).end(rpc({ result: { isError: true, content } }));
      },
      status: 200,
    },
    {
      what: "a challenge",
      answer: (response) =>
        response.writeHead(401, { "www-authenticate": fill('Bearer token="§"') }).end(),
      status: 401,
    },
    {
      what: "a redirect to another origin",
      answer: (response) =>
        response.writeHead(302, { location: fill("http://other.invalid/?token=§") }).end(),
      status: 302,
    },
    { what: "an upstream that is silent", answer: () => undefined, status: 504 },
    { what: "a body that is no JSON", body: fill('{"password":"§", oops'), status: 200 },
    { what: "a body that is cut amid a secret", body: fill('{"password":"§'), status: 200 },
    { what: "a body that is too large", body: `${call()}${" ".repeat(70_000)}`, status: 413 },
    {
      what: "a client that leaves",
      answer: (response) => response.writeHead(200, json).write(answered().slice(0, -2)),
      leaves: true,
    },
    { what: "a path that is refused", path: fill("/a/../b?token=§"), status: 400 },
    {
      what: "a path that is a secret",
      method: "GET",
      path: fill("/s/§/x?q=1"),
      body: "",
      status: 200,
    },
    {
      what: "the end of a session",
      method: "DELETE",
      body: "",
      fields: { "mcp-session-id": fill("§") },
      status: 200,
    },
    {
      what: "a cancellation",
      body: JSON.stringify({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId: 1, reason: fill("my password is §") },
      }),
      status: 200,
    },
  ];
}

function breakOff(response: ServerResponse, fields: IncomingHttpHeaders, body: string): void {
  response.writeHead(200, fields);
  response.write(body.slice(0, -6), () => response.socket?.resetAndDestroy());
}

const settings = {
  HOOKWATCH_LOG_LEVEL: "debug",
  HOOKWATCH_UPSTREAM_IDLE_TIMEOUT_MS: "300",
  HOOKWATCH_REQUEST_MAX_BYTES: "65536",
};

test("secrets of calls that fail are nowhere, whichever way they fail", async () => {
  let answer: Case["answer"];
  await using upstream = await startScripted(({ response }) => {
    if (answer) answer(response);
    else response.writeHead(200, json).end(rpc({ result: {} }));
  });
  let output: readonly string[] = [];
  {
    await using rig = await startRig({ dataDir, environment: settings });
    output = rig.output;
    const { server, url } = await rig.register(upstream.url);
    const gone = await rig.register("http://127.0.0.1:9/mcp");
    const all = cases();
    for (const one of all) {
      answer = one.answer;
      const status = await attempt(url, one).catch(() => undefined);
      expect(status, one.what).toBe(one.leaves ? 200 : one.status);
    }
    answer = undefined;
    expect(await attempt(gone.url, { path: fill("?token=§") })).toBe(502);
    await sendGarbage(rig, fill("POST /p/x?token=§ HTTP/1.1\r\nHost: a b\r\nX-Api-Key: §\r\n\r\n"));
    await sendGarbage(rig, fill("GET /§ HTTP/9.9\r\nAuthorization: Bearer §\r\n\r\n"));
    const calls = await rig.untilCalls({}, (found) => found.length > all.length);
    const told = await toldBy(rig, { serverId: server.id, callIds: calls.map(({ id }) => id) });
    for (const [where, said] of told) expectNone(where, said);
    for (const needle of needles) expect(await rig.api.count({ q: needle })).toBe(0);
    expectNone("the files of a running host", await storedText(dataDir));
  }
  expectNone("the log", output.join("\n"));
  const stored = await storedText(dataDir);
  expect(stored).toContain(witness);
  expectNone("the files", stored);
});

test("what waits on disk for a log that takes nothing holds no secret", async () => {
  await using upstream = await startScripted(({ response }) => {
    response.writeHead(200, json).end(answered());
  });
  await using rig = await startRig({ dataDir });
  const { server, url } = await rig.register(upstream.url);
  {
    using database = new DatabaseSync(join(dataDir, "calls.db"));
    database.exec("BEGIN IMMEDIATE");
    for (let n = 0; n < 20; n += 1) {
      expect(await attempt(url, { fields: { authorization: fill("Bearer §") } })).toBe(200);
    }
    const spilled = await until(
      "the spill",
      5_000,
      () => storedText(join(dataDir, "spill")),
      (found) => found.includes(witness),
    );
    expectNone("the spill", spilled);
    database.exec("ROLLBACK");
  }
  await until(
    "every call",
    10_000,
    () => rig.api.count({ server_id: server.id }),
    (n) => n === 20,
  );
  expectNone("the files", await storedText(dataDir));
});

const own = `${randomBytes(24).toString("hex")}a`;
const operatorKey = `operator's "own" key ${randomBytes(16).toString("hex")}`;

test.for([
  ["an API key", { authorization: `Bearer hw_${own}` }, ""],
  ["an API key of another field", { "x-api-key": `hw_${own}` }, ""],
  ["an access token", { authorization: `Bearer hwa_eyJ${own}.eyJ${own}.${own}` }, ""],
  ["a refresh token", { authorization: `bearer hwr_${own}` }, ""],
  ["a session", { authorization: `Bearer hws_${own}` }, ""],
  ["a link", { "x-token": `hwl_${own}` }, ""],
  ["an invitation in the query", {}, `?token=hwi_${own}`],
  ["a key in the query", {}, `?api_key=hw_${own}`],
  ["the operator's key", { authorization: `Bearer ${operatorKey}` }, ""],
] as const)(
  "our own credential is refused, not forwarded and not stored: %s",
  async ([, fields, path]) => {
    let arrived = 0;
    await using upstream = await startScripted(({ response }) => {
      arrived += 1;
      response.writeHead(200, json).end(rpc({ result: {} }));
    });
    await using rig = await startRig({ dataDir, apiKey: operatorKey });
    const { url } = await rig.register(upstream.url);
    expect(await attempt(url, { path, fields })).toBe(400);
    expect(arrived).toBe(0);
    const calls = await rig.untilCalls({}, (found) => found.length > 0);
    expect(JSON.stringify(calls)).not.toContain(own);
    expect(JSON.stringify(calls)).not.toContain(JSON.stringify(operatorKey).slice(1, -1));
    const stored = await storedText(dataDir);
    expect(stored).toContain(witness);
    for (const secret of [own, operatorKey]) expect(stored.includes(secret)).toBe(false);
    expect(rig.output.join("\n").includes(own)).toBe(false);
  },
);

test("in what is said our own credentials pass as all else does, and are in no log", async () => {
  let arrived = "";
  await using upstream = await startScripted(async ({ response, body }) => {
    arrived = await body();
    response.writeHead(200, json).end(rpc({ result: JSON.parse(arrived).params }));
  });
  await using rig = await startRig({ dataDir, apiKey: operatorKey });
  const { server, url } = await rig.register(upstream.url);
  const texts = ["hw", "hwa", "hwr", "hws", "hwl", "hwi"].map((kind) => `x${kind}_${own}`);
  const said = rpc({ method: "x", params: { texts, operatorKey, witness } });
  for (const capture_level of ["full", "redacted"]) {
    await rig.api.changeServer(server.id, { capture_level });
    expect(await attempt(url, { body: said })).toBe(200);
    expect(arrived).toBe(said);
  }
  const calls = await rig.untilCalls({ method: "x" }, (found) => found.length === 2);
  for (const { request_body } of calls) {
    expect(request_body).toContain(witness);
    expect(JSON.parse(request_body).params.operatorKey).toMatch(/^\[redacted:hookwatch:/);
  }
  const stored = await storedText(dataDir);
  expect(stored).toContain(witness);
  for (const secret of [own, operatorKey, JSON.stringify(operatorKey).slice(1, -1)]) {
    expect(stored.includes(secret)).toBe(false);
  }
});

/** The status of the answer, once it has ended or its client has left. */
function attempt(url: string, one: Attempt): Promise<number | undefined> {
  const { method = "POST", path = "", body = call(), fields = {}, leaves = false } = one;
  const { hostname, port, pathname } = new URL(url);
  const headers = { ...json, ...fields, "content-length": Buffer.byteLength(body) };
  const request = httpRequest({ hostname, port, path: pathname + path, method, headers });
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      const { statusCode } = response;
      if (leaves) {
        request.destroy();
        resolve(statusCode);
      } else text(response).then(() => resolve(statusCode), reject);
    });
    request.end(body);
  });
}

/** What no parser of HTTP lets pass. */
async function sendGarbage({ port }: Rig, garbage: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.end(garbage);
  socket.resume();
  await once(socket, "close");
}

function expectNone(where: string, said: string): void {
  const leaked = needles.flatMap((needle) => {
    const at = said.indexOf(needle);
    return at === -1 ? [] : [said.slice(Math.max(0, at - 80), at + 12)];
  });
  expect(leaked, `secrets in ${where}`).toEqual([]);
}
