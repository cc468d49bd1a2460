/** What a first start gives its user: a key that was shown, whatever went wrong before. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startHost } from "./rig.ts";
import { until } from "./until.ts";

let dataDir = "";
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-first-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

interface Started extends AsyncDisposable {
  readonly output: () => string;
  readonly exitCode: () => number | null;
}

function start(environment: Readonly<Record<string, string>> = {}): Started {
  const child = startHost({ HOOKWATCH_DATA_DIR: dataDir, ...environment });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  }
  return {
    output: () => output,
    exitCode: () => child.exitCode,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

const listening = (started: Started) =>
  until("the greeting", 10_000, started.output, (output) => output.includes("listening on"));

const status = async (output: string, key: string) => {
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
  const headers = { authorization: `Bearer ${key}` };
  return (await fetch(`${url}/v1/mcp/servers`, { headers })).status;
};

test("a start that cannot listen spends no key: the next one shows it, and it works", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  await using failed = start({ HOOKWATCH_PORT: String(port) });
  await until("its end", 10_000, failed.exitCode, (code) => code !== null);
  expect(failed.output()).toContain(`port ${port} on 127.0.0.1 is in use`);
  taken.close();

  await using next = start();
  const output = await listening(next);
  const key = await until("the key", 5_000, () => /hw_\w{40,}/.exec(next.output())?.[0], Boolean);
  expect(await status(output, key ?? "")).toBe(200);
});

test("a lost key is replaced by one of the operator's own, which then stays", async () => {
  // It looks like a mistyped key of ours, and is what the operator wants.
  const own = `hw_${"0".repeat(49)}`;
  {
    await using first = start();
    await listening(first);
  }
  {
    await using second = start({ HOOKWATCH_API_KEY: own });
    expect(await status(await listening(second), own)).toBe(200);
  }
  await using third = start();
  const output = await listening(third);
  expect(output).not.toMatch(/hw_\w{40,}/);
  expect(await status(output, own)).toBe(200);
});

test("a key of ours never reaches an upstream, also one that an earlier start was given", async () => {
  const own = "another key of the operator's, long enough";
  const seen: (string | undefined)[] = [];
  const upstream = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end();
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const target_url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/mcp`;
  let slug = "";
  {
    await using first = start({ HOOKWATCH_API_KEY: own });
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await listening(first))?.[0];
    const response = await fetch(`${url}/v1/mcp/servers`, {
      method: "POST",
      headers: { authorization: `Bearer ${own}` },
      body: JSON.stringify({ name: "mine", target_url }),
    });
    ({ slug } = (await response.json()) as { slug: string });
  }
  await using second = start();
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await listening(second))?.[0];
  const post = (key: string) =>
    fetch(`${url}/p/${slug}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: "{}",
    });
  expect((await post(own)).status).toBe(400);
  expect((await post("the upstream's own token")).status).toBe(200);
  expect(seen).toEqual(["Bearer the upstream's own token"]);
  upstream.closeAllConnections();
  upstream.close();
});
