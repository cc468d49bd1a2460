/**
 * HookWatch in ten seconds: the product on a directory of its own, a small MCP server, two agents
 * that use it through the proxy, and the log as it fills. Then the host stays until Ctrl-C; with
 * `--once`, or when nobody watches, it ends.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readConfig } from "../src/host/config.ts";
import { type Host, openHost } from "../src/host/host.ts";
import { openLog } from "../src/host/log.ts";
import { Problem } from "../src/problem.ts";
import { runAgents } from "./agents.ts";
import { type ShownCall, tableHead, tableRow } from "./call-table.ts";
import { startMcpEndpoint } from "./mcp-endpoint.ts";
import { travelServer } from "./travel-server.ts";

const usualPort = 7070;
const rowsMax = 200;
const showMaxMs = 10_000;
const refreshMs = 200;

const { values } = parseArgs({ options: { once: { type: "boolean" } } });
const stays = process.stdout.isTTY && !values.once;
const stopped = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
});

await demonstrate();

async function demonstrate(): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-demo-"));
  cleanup.defer(() => rm(dataDir, { recursive: true, force: true }));
  const travel = cleanup.use(await startMcpEndpoint(travelServer));
  const host = cleanup.use(await openDemoHost(dataDir));
  const ask = client(host);

  const target = { name: "Travel desk", target_url: travel.url };
  const server = await ask<{ id: string; proxy_url: string }>("/v1/mcp/servers", target);
  print(`\nHookWatch listens on ${host.url}. The agents use its proxy URL, and cannot tell:\n`);
  print(`  ${server.proxy_url}  →  ${travel.url}\n`);

  const agents = runAgents(server.proxy_url);
  const shown = showCalls(ask, agents).then(() => true);
  if (!(await Promise.race([shown, stopped.then(() => false)]))) return;
  await summarise(ask);
  print(nextSteps(host));
  if (!stays) return;
  print("Running until Ctrl-C.");
  await stopped;
}

async function openDemoHost(dataDir: string): Promise<Host> {
  const open = (port: number) =>
    openHost(readConfig(["--data-dir", dataDir, "--port", String(port)], {}), {
      log: openLog("warn", process.stderr),
      version: "demo",
    });
  return open(usualPort).catch((problem: unknown) => {
    if (!(problem instanceof Problem)) throw problem;
    print(`Port ${usualPort} is taken; using a free one.`);
    return open(0);
  });
}

type Ask = <Body>(path: string, body?: object) => Promise<Body>;

function client({ url, newKey }: Host): Ask {
  return async <Body>(path: string, body?: object) => {
    const response = await fetch(`${url}${path}`, {
      method: body ? "POST" : "GET",
      headers: { authorization: `Bearer ${newKey}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  };
}

/** Prints each call when the log has it, until the agents are done and nothing new comes. */
async function showCalls(ask: Ask, agents: Promise<void>): Promise<void> {
  const until = Date.now() + showMaxMs;
  const shown = new Set<string>();
  let working = true;
  const end = () => {
    working = false;
  };
  agents.then(end, end);
  print(tableHead());
  for (let quiet = 0; quiet < 4 && Date.now() < until; quiet = working ? 0 : quiet + 1) {
    const { data } = await ask<{ data: ShownCall[] }>(`/v1/mcp/calls?limit=${rowsMax}`);
    for (const call of data.reverse().filter(({ id }) => !shown.has(id))) {
      shown.add(call.id);
      print(tableRow(call));
    }
    await sleep(refreshMs);
  }
  await agents;
}

interface Metrics {
  readonly total_calls: number;
  readonly success_count: number;
  readonly error_count: number;
  readonly p50_duration_ms: number;
  readonly p95_duration_ms: number;
}

async function summarise(ask: Ask): Promise<void> {
  const metrics = await ask<Metrics>("/v1/mcp/calls/metrics?days=1");
  const { total_calls, success_count, error_count, p50_duration_ms, p95_duration_ms } = metrics;
  print(`\n${total_calls} calls: ${success_count} went well, ${error_count} did not.`);
  print(`Half took at most ${p50_duration_ms} ms, 95 of 100 at most ${p95_duration_ms} ms.`);
}

function nextSteps({ url, newKey }: Host): string {
  const look = (path: string) =>
    `  curl -s "${url}/v1/mcp/${path}" -H "Authorization: Bearer $KEY"`;
  return `
Look further:

  export KEY=${newKey}
${look("calls?status=error&limit=3")}
${look("calls?tool_name=plan_route")}
${look("calls?q=Lisbon&limit=3")}
${look("calls/metrics?days=1")}

What progress a call made: calls/<id>/messages. The whole API: ${url}/docs
`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
