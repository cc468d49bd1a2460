/** What README.md and docs/api.md tell people to type works, as it is written there. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallPageBody, MetricsBody, ServerRow } from "./e2e/api.ts";
import { connect } from "./e2e/clients.ts";
import { type EverythingServer, startEverythingServer } from "./e2e/everything-server.ts";
import { startHost } from "./e2e/rig.ts";
import { until } from "./e2e/until.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = (name: string) => readFile(join(root, name), "utf8");
const blocks = (text: string) =>
  [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, code]) => code ?? "");
const hasCurl = (process.env.PATH ?? "")
  .split(delimiter)
  .some((dir) => existsSync(join(dir, "curl")));

test.for(["README.md", "CONTRIBUTING.md"])("every npm task that %s names exists", async (name) => {
  const { scripts } = JSON.parse(await page("package.json")) as { scripts: object };
  const named = [
    ...(await page(name)).matchAll(/\bnpm (?:run )?(start|test|(?<=run )[a-z0-9:]+)/g),
  ];
  expect(named.length).toBeGreaterThan(2);
  for (const [, script] of named) expect(scripts).toHaveProperty(script ?? "");
});

describe("a first start", () => {
  let dataDir = "";
  let output = "";
  let host: ReturnType<typeof startHost>;
  let everything: EverythingServer;
  const key = () => /hw_\w{40,}/.exec(output)?.[0] ?? "";
  const url = () => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? "";

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "hookwatch-readme-"));
    everything = await startEverythingServer();
    host = startHost({ HOOKWATCH_DATA_DIR: dataDir });
    host.stdout?.on("data", (chunk) => {
      output += chunk;
    });
    await until(
      "the greeting",
      10_000,
      () => output,
      (text) => text.includes("calls?limit=5"),
    );
  });
  afterAll(async () => {
    const ended = once(host, "exit");
    host.kill("SIGTERM");
    await ended;
    await everything[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });

  /** As a person does it: with the key and the ports of this start. */
  function run(code: string): Promise<string[]> {
    const own = code
      .replaceAll("http://127.0.0.1:7070", url())
      .replaceAll("http://127.0.0.1:3001/mcp", everything.url)
      .replaceAll("hw_…", key())
      // What the page abbreviates, such as the id of a session.
      .replaceAll("…", "");
    return shell(own, { KEY: key(), URL: url() });
  }

  test("greets as the page shows it", async () => {
    const [, shown] = /^```\n(HookWatch is listening.*?)^```/ms.exec(await page("README.md")) ?? [];
    const expected = (shown ?? "")
      .replace("http://127.0.0.1:7070", url())
      .replace("./data", dataDir)
      .replace("hw_…", key());
    expect(output).toContain(expected.trimEnd());
  });

  test("prints commands that work, and shows its key to nobody twice", async ({ skip }) => {
    if (!hasCurl) skip("there is no curl on this machine");
    const commands = output.split("\n\n").filter((part) => part.trimStart().startsWith("curl"));
    expect(commands).toHaveLength(2);
    const [server] = await shell(commands[0]?.replace("http://127.0.0.1:3001/mcp", everything.url));
    expect(JSON.parse(server ?? "")).toHaveProperty("proxy_url");
    const [calls] = await shell(commands[1]);
    expect(JSON.parse(calls ?? "")).toHaveProperty("data");
  });

  test("leads step by step to the first call in the log", async ({ skip }) => {
    if (!hasCurl) skip("there is no curl on this machine");
    const [, , register = "", look = ""] = blocks(await page("README.md"));
    const server = JSON.parse((await run(register))[0] ?? "") as ServerRow;
    {
      await using client = await connect("v2 legacy", server.proxy_url);
      await client.callTool("echo", { message: "hello" });
    }
    const done = await until(
      "the call",
      1_000,
      () => run(look),
      ([list]) => `${list}`.includes("hello"),
    );
    const [newest, failed, metrics] = done.map((text) => JSON.parse(text)) as [
      CallPageBody,
      CallPageBody,
      MetricsBody,
    ];
    expect(newest.data.map(({ tool_name }) => tool_name)).toContain("echo");
    expect(failed.data).toEqual([]);
    expect(metrics.by_tool).toMatchObject([{ tool_name: "echo", total_calls: 1 }]);
  });

  test("exports and follows as docs/api.md says", async ({ skip }) => {
    if (!hasCurl) skip("there is no curl on this machine");
    const [, lines = ""] = /^```console\n(.*?)^```/ms.exec(await page("docs/api.md")) ?? [];
    const commands = lines.split("\n").filter((line) => line.startsWith("curl"));
    expect(commands).toHaveLength(2);
    const folder = await mkdtemp(join(tmpdir(), "hookwatch-readme-"));
    // A stream has no end: a second of it is enough, and curl's 28 says that it was cut there.
    const following = `${commands[0]} --max-time 1 -o followed || [ $? = 28 ]`;
    await shell(`cd ${folder}\n${following}\n${commands[1]}`, { KEY: key(), URL: url() });
    const files = await readdir(folder);
    expect(files.sort()).toEqual(["followed", expect.stringMatching(/\.csv$/)]);
    expect(await readFile(join(folder, "followed"), "utf8")).toContain("id: ");
    await rm(folder, { recursive: true });
  });

  test("answers every question of docs/api.md", async ({ skip }) => {
    if (!hasCurl) skip("there is no curl on this machine");
    const questions = blocks(await page("docs/api.md"));
    expect(questions.length).toBeGreaterThan(0);
    for (const answer of (await Promise.all(questions.map(run))).flat()) {
      expect(JSON.parse(answer)).not.toHaveProperty("error");
    }
  });
});

test("the demo fills its table within ten seconds and ends well", async () => {
  const demo = spawn(process.execPath, [join(root, "demo/main.ts"), "--once"], { cwd: tmpdir() });
  let shown = "";
  demo.stdout.on("data", (chunk) => {
    shown += chunk;
  });
  const startedMs = performance.now();
  const [code] = await once(demo, "exit");
  expect(code).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  for (const seen of [
    "trip-planner",
    "plan_route",
    "fully booked",
    "desk-assistant",
    "initialize",
  ]) {
    expect(shown).toContain(seen);
  }
});

/** Runs a block of commands; resolves to what each of them printed. */
async function shell(code = "", environment: Record<string, string> = {}): Promise<string[]> {
  // One answer a line: a JSON body has no line ends of its own, and curl adds none.
  const separate = code.replaceAll(/^\s*curl -s(?=\s)/gm, 'curl -s -w "\\n"');
  const env = { PATH: process.env.PATH, ...environment };
  const { stdout } = await promisify(execFile)("sh", ["-ec", separate], { env, timeout: 10_000 });
  return stdout.trim().split("\n");
}
