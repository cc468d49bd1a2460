/** Secrets reach the server and nothing else: not the answers of the API, not one byte on disk. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRig } from "./rig.ts";
import { startScripted } from "./scripted-upstream.ts";

const random = () => randomBytes(20).toString("hex");
const secrets = {
  authorization: `Bearer ${random()}`,
  cookie: `sid=${random()}`,
  "x-api-key": random(),
  "mcp-session-id": random(),
};
const inBody = { password: random(), key: `sk-proj-${random()}${random()}` };
const inAnswer = { cookie: random(), token: `ghp_${random().slice(0, 36)}` };
const inQuery = random();

/** What must be found nowhere: the parts that nobody could guess. */
const needles = [
  ...Object.values(secrets).map((text) => text.slice(-40)),
  inBody.password,
  inBody.key,
  inAnswer.cookie,
  inAnswer.token,
  inQuery,
];
/** What must be found, or the search proves nothing. */
const witness = `witness ${random()}`;

const request = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: {
    name: "sign-in",
    arguments: { password: inBody.password, note: `use ${inBody.key} for it`, witness },
    _meta: { progressToken: 17 },
  },
});
const answer = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  result: { content: [{ type: "text", text: `signed in; push with ${inAnswer.token}` }] },
});

let dataDir = "";
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-secrets-"));
});
afterAll(() => rm(dataDir, { recursive: true }));

test("secrets pass, and are in no answer, in no file and in no line of the log", async () => {
  let arrived = { headers: {} as NodeJS.Dict<string | string[]>, url: "", body: "" };
  await using upstream = await startScripted(
    async ({ request: { headers, url }, response, body }) => {
      arrived = { headers, url: url ?? "", body: await body() };
      const cookie = `grant=${inAnswer.cookie}; Path=/; HttpOnly`;
      response.writeHead(200, { "content-type": "application/json", "set-cookie": cookie });
      response.end(answer);
    },
  );
  let output: readonly string[] = [];
  {
    await using rig = await startRig({ dataDir, environment: { HOOKWATCH_LOG_LEVEL: "debug" } });
    output = rig.output;
    const { server, url } = await rig.register(upstream.url);
    const headers = { ...secrets, "content-type": "application/json" };
    const target = `${url}?access_token=${inQuery}`;
    const response = await fetch(target, { method: "POST", headers, body: request });

    expect(await response.text()).toBe(answer);
    expect(response.headers.get("set-cookie")).toContain(inAnswer.cookie);
    expect(arrived.headers).toMatchObject(secrets);
    expect(arrived.body).toBe(request);
    expect(arrived.url).toContain(inQuery);

    const [call] = await rig.untilCalls({ server_id: server.id }, (all) => all.length === 1);
    expect(call?.headers).toHaveProperty("authorization");
    expect(call?.request_body).toContain(witness);
    expect(call?.request_body).toContain('"progressToken":17');
    expect(() => JSON.parse(call?.request_body ?? "")).not.toThrow();
    const told = [call, await rig.api.call(call?.id ?? ""), await rig.api.messages(call?.id ?? "")];
    expectNone("the API's answers", JSON.stringify(told));
    for (const [path, bytes] of await files(dataDir)) expectNone(path, bytes.toString("latin1"));
  }
  expectNone("the log", output.join("\n"));
  const stored = [...(await files(dataDir)).keys()].filter((path) => path.endsWith(".db"));
  expect(stored.length).toBeGreaterThan(0);
  const everything = stored.map(unpacked).join("\n");
  expect(everything).toContain(witness);
  expectNone("the unpacked databases", everything);
});

function expectNone(where: string, text: string): void {
  for (const needle of needles) {
    expect(text.includes(needle), `${needle.slice(0, 8)}… is in ${where}`).toBe(false);
  }
}

async function files(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await readFile(path)] as const)),
  );
}

/** Every value of every table, blocks of bodies decompressed. */
function unpacked(path: string): string {
  using database = new DatabaseSync(path, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const rows = tables.flatMap(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all());
  return rows.flatMap((row) => Object.values(row).map(readable)).join("\n");
}

function readable(value: unknown): string {
  if (!(value instanceof Uint8Array)) return String(value);
  const packed = Buffer.from(value);
  const at = packed.indexOf(zstdMagic);
  return (at < 0 ? packed : zstdDecompressSync(packed.subarray(at))).toString();
}

const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
