/**
 * Secrets reach whom they are for and nobody else: one a channel, found in no answer of the API, no
 * export, no stream, no metric, no line of the log and no byte on disk, unpacked or not.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Events } from "../api/events.ts";
import { startRig } from "./rig.ts";
import { startScripted } from "./scripted-upstream.ts";
import { storedText } from "./stored-text.ts";
import { toldBy } from "./told-text.ts";

/** § stands for the secret, of 40 letters and digits. */
const fieldTemplates: Readonly<Record<string, string>> = {
  authorization: "Bearer §",
  cookie: "sid=§",
  "x-api-key": "§",
  "mcp-session-id": "§",
  "mcp-param-token": "§",
  "mcp-param-city": "=?base64?§?=",
  "x-auth-token": "§",
  "x-unknown": "§",
  dpop: "eyJ§.eyJ§.§",
  "x-amz-security-token": "§",
  "x-forwarded-authorization": "Bearer §",
  "last-event-id": "token=§",
  "user-agent": "agent/1 (token=§)",
  referer: "https://app.example/cb?code=§&state=1",
  baggage: "api_key=§",
};

/** In the text of arguments and of answers. */
const textTemplates = [
  "password: §",
  "{'password': '§', 'user': 'bob'}",
  '{"password":"§"}',
  '{"a":"{\\"token\\":\\"§\\"}"}',
  "{\\u0022password\\u0022:\\u0022§\\u0022}",
  "API key: §",
  "error: password = § refused",
  "Authorization: Bearer §",
  "Authorization: Basic §",
  "Cookie: sid=§",
  "Mcp-Session-Id: §",
  "run --token=§ now",
  "run --password § now",
  "curl -u bob:§ https://x.example",
  "<password>§</password>",
  '<user password="§"/>',
  '{"name":"DB_PASSWORD","value":"§"}',
  "https://x.example/?access_token=§",
  "https://x.example/?code=§",
  "https://x.example/?X-Amz-Signature=§",
  "https://x.example/?sig=§",
  "https://bob:§@x.example/",
  "https:\\/\\/bob:§@x.example\\/",
  "https://§@git.example/",
  "https://hooks.slack.com/services/T0/B0/§",
  "https://discord.com/api/webhooks/12345/§",
  "postgres://bob:§@db/x",
  "Server=db;Password=§;Encrypt=yes",
  "AccountName=a;AccountKey=§;x=y",
  "DATABASE_URL=postgres://bob:§@db/x",
  "FOO_SECRET=§",
  'export API_KEY="§"',
  "//registry.example/:_authToken=§",
  "-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----",
  "-----BEGIN PRIVATE KEY-----\\n§\\n-----END PRIVATE KEY-----",
  "login failed: password = Password1§",
  "my password is §",
  "the API key for the shop is §",
  "set the password to §",
  "mysql -uroot -p§ shop",
  "mysql -p'§' shop",
  "sshpass -p § ssh bob@example.com",
  "password: |\n  §\nuser: bob",
  '{"password":{"value":"§","length":40}}',
  '{"secrets":[{"db":["§"]}]}',
  '["x-api-key","§"]',
  '{"headers":[["x-api-key","§"]]}',
  '{"name":"x-api-key","comment":"","value":"§"}',
  '{"value":"§","key":"x-api-key"}',
  '{"p\\u0061ssword":"§"}',
  "got Bearer a\\u002B§",
  "hw_§",
  "x hwr_§",
  "hws_§; hwl_§; hwi_§",
  "hwa_eyJ§.eyJ§.§",
  "ghp_§",
  "sk-proj-§",
  "eyJ§.eyJ§.sig§",
];
const memberNames = [
  "passphrase",
  "jwt",
  "otp",
  "cvv",
  "card_number",
  "client_assertion",
  "code_verifier",
];

const needles: string[] = [];
/** A new secret in that place. */
function fill(template: string): string {
  const secret = randomBytes(19).toString("hex");
  needles.push(`a1${secret}`);
  return template.replaceAll("§", `a1${secret}`);
}

/** What must be found, or the search proves nothing. */
const witness = `witness ${randomBytes(8).toString("hex")}`;
const fields = Object.fromEntries(
  Object.entries(fieldTemplates).map(([name, text]) => [name, fill(text)]),
);
const members = Object.fromEntries(memberNames.map((name) => [name, fill("§")]));
const answerFields = { "set-cookie": fill("grant=§"), "x-secret": fill("§") };
const query = fill("?access_token=§&q=1");
const errorText = fill("cannot reach postgres://bob:§@db/x");
const toolName = fill("ghp_§");
const rpcId = fill("sk-proj-§");
const method = fill("x/ghp_§");
const answerTexts = textTemplates.map(fill);
const streamed = [fill("the password: §"), fill("and token=§")];
const plainBody = fill("upstream failed, password=§");

let dataDir = "";
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-secrets-"));
});
afterAll(() => rm(dataDir, { recursive: true }));

const rpc = (more: object) => JSON.stringify({ jsonrpc: "2.0", id: 1, ...more });
const content = (texts: readonly string[]) => ({
  result: { content: texts.map((text) => ({ type: "text", text })) },
});

interface Turn {
  readonly what: string;
  readonly request: string;
  readonly answer: string | Buffer;
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
  readonly encoded?: boolean;
  /** The answer comes in pieces that cut words. */
  readonly pieces?: boolean;
}

const call = (argument: object) => ({
  method: "tools/call",
  params: { name: "sign-in", arguments: argument },
});
const json = { "content-type": "application/json" };
const encoders = { br: brotliCompressSync, zstd: zstdCompressSync, deflate: deflateSync };
const compressed = fill("password: §");
const turns: readonly Turn[] = [
  {
    what: "arguments and output",
    request: rpc(call({ ...members, list: textTemplates.map(fill), witness })),
    answer: rpc(content(answerTexts)),
    fields: { ...json, ...answerFields },
  },
  {
    what: "a compressed request and answer",
    request: rpc(call({ text: fill("FOO_TOKEN=§") })),
    answer: gzipSync(rpc(content([compressed]))),
    fields: { ...json, "content-encoding": "gzip" },
    encoded: true,
  },
  ...Object.entries(encoders).map(([coding, encode]) => ({
    what: `an answer in ${coding}`,
    request: rpc(call({})),
    answer: encode(rpc(content([fill("password: §"), witness]))),
    fields: { ...json, "content-encoding": coding },
  })),
  {
    what: "a compressed stream",
    request: rpc(call({})),
    answer: gzipSync(`data: ${rpc(content([fill("password: §")]))}\n\n`),
    fields: { "content-type": "text/event-stream", "content-encoding": "gzip" },
  },
  {
    what: "one event in many lines and pieces",
    request: rpc(call({})),
    answer: `id: 1\r\ndata: {"jsonrpc":"2.0","id":1,\r\ndata: "result":{"password":"${fill("§")}"}}\r\n\r\n`,
    fields: { "content-type": "text/event-stream" },
    pieces: true,
  },
  {
    what: "nested JSON, beyond what is kept",
    request: rpc(call({ a: [{ b: { password: { c: [fill("§")] } } }], secret: fill("§") })),
    answer: rpc(content(["x ".repeat(523_900), fill("password: §"), fill("sk-proj-§")])),
    fields: json,
  },
  {
    what: "an error with details",
    request: rpc(call({})),
    answer: rpc({
      error: { code: -32602, message: fill("bad token=§"), data: { token: fill("§") } },
    }),
    fields: json,
  },
  {
    what: "an error",
    request: rpc(call({})),
    answer: rpc({ error: { code: -32000, message: errorText } }),
    fields: json,
  },
  {
    what: "an error of HTTP",
    request: rpc(call({})),
    answer: plainBody,
    status: 502,
    fields: { "content-type": "text/plain" },
  },
  {
    what: "a tool's name",
    request: rpc({ ...call({}), params: { name: toolName } }),
    answer: rpc(content([])),
    fields: json,
  },
  {
    what: "an id",
    request: rpc({ ...call({}), id: rpcId }),
    answer: rpc({ ...content([]), id: rpcId }),
    fields: json,
  },
  { what: "a method", request: rpc({ method }), answer: rpc({ result: {} }), fields: json },
  {
    what: "two events",
    request: rpc(call({})),
    answer: `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: streamed[0] } })}\n\ndata: ${rpc(content([streamed[1] ?? ""]))}\n\n`,
    fields: { "content-type": "text/event-stream" },
  },
];

test("secrets pass unaltered, and are in no answer, no file and no line of the log", async () => {
  expect(new Set(needles).size).toBeGreaterThanOrEqual(150);
  let current: Turn | undefined;
  const arrived: { headers: object; url: string; body: Buffer }[] = [];
  await using upstream = await startScripted(async ({ request, response }) => {
    const body = Buffer.concat(await Array.fromAsync(request));
    arrived.push({ headers: request.headers, url: request.url ?? "", body });
    response.writeHead(current?.status ?? 200, { ...current?.fields });
    await writeAll(response, Buffer.from(current?.answer ?? ""), current?.pieces ? 13 : 2 ** 30);
  });
  let output: readonly string[] = [];
  {
    await using rig = await startRig({ dataDir, environment: { HOOKWATCH_LOG_LEVEL: "debug" } });
    output = rig.output;
    const { server, url } = await rig.register(upstream.url);
    const live = await fetch(`${rig.url}/v1/mcp/calls/stream`, {
      headers: { authorization: `Bearer ${rig.apiKey}` },
    });
    const events = new Events(live.body);
    for (const turn of turns) {
      current = turn;
      const sent = turn.encoded ? gzipSync(turn.request) : Buffer.from(turn.request);
      const got = await post(`${url}${query}`, sent, turn.encoded === true);
      const last = arrived.at(-1);
      expect(got.body, turn.what).toEqual(Buffer.from(turn.answer));
      expect(last?.body, turn.what).toEqual(sent);
      expect(last?.headers).toMatchObject(fields);
      expect(last?.url).toContain(query);
      if (turn.fields?.["x-secret"])
        expect(got.headers).toMatchObject({ "x-secret": answerFields["x-secret"] });
    }
    const calls = await rig.untilCalls(
      { server_id: server.id },
      (all) => all.length >= turns.length,
    );
    const told = await toldBy(rig, { serverId: server.id, callIds: calls.map(({ id }) => id) });
    for (const [where, text] of told) expectNone(where, text);
    const exported = told.filter(([path]) => path.includes("export"));
    for (const [path, text] of exported) expect(text, path).toContain(witness);
    for (const needle of needles) expect(await rig.api.count({ q: needle })).toBe(0);
    let shown = "";
    for (let n = 0; n < turns.length; n += 1) shown += JSON.stringify(await events.next(5_000));
    expectNone("the stream of calls", shown);
    await events.leave();
    expect(calls.some(({ request_body }) => request_body.includes(witness))).toBe(true);
    for (const { request_body } of calls) expect(() => JSON.parse(request_body)).not.toThrow();
    expectNone("the files of a running host", await storedText(dataDir));
  }
  expectNone("the log", output.join("\n"));
  const stored = await storedText(dataDir);
  expect(stored).toContain(witness);
  expectNone("the files", stored);
});

/** With fields as they are: `fetch` sends neither all of them nor unpacked answers alone. */
function post(url: string, body: Buffer, encoded: boolean) {
  return new Promise<{ headers: object; body: Buffer }>((resolve, reject) => {
    const headers = { ...fields, ...json, ...(encoded ? { "content-encoding": "gzip" } : {}) };
    const request = httpRequest(url, { method: "POST", headers }, (response) => {
      Array.fromAsync(response)
        .then((chunks) => resolve({ headers: response.headers, body: Buffer.concat(chunks) }))
        .catch(reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function writeAll(response: ServerResponse, body: Buffer, pieceBytes: number) {
  for (let at = 0; at < body.length; at += pieceBytes) {
    response.write(body.subarray(at, at + pieceBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

function expectNone(where: string, text: string): void {
  const leaked = needles.flatMap((needle) => {
    const at = text.indexOf(needle);
    return at === -1 ? [] : [text.slice(Math.max(0, at - 60), at + 12)];
  });
  expect(leaked, `secrets in ${where}`).toEqual([]);
}
