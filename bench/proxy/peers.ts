/**
 * Other proxies from npm, in exact versions, installed on demand beside the build and never a dependency. Two of them cannot
 * stand before an HTTP server: they get an MCP server of the official SDK on standard streams, whose own time does not count.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Contender } from "./contender.ts";
import { type Cores, freePort, listening, pinned } from "./machine.ts";
import { start } from "./upstream.ts";

const versions = {
  "mcp-proxy": "6.7.19",
  supergateway: "4.0.0",
  "http-proxy": "1.18.1",
  fastify: "5.12.8",
  "@fastify/http-proxy": "11.6.3",
} as const;
const installMaxMs = 120_000;
const folder = fileURLToPath(new URL("../../dist/bench-peers", import.meta.url));
const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** None, after a sentence that says why, when they cannot be had. */
export async function startPeers(
  upstreamPort: number,
  cores: Cores | undefined,
): Promise<readonly Contender[]> {
  const reason = install();
  if (reason) {
    console.log(`The peers are left out: npm could not install them: ${reason}\n`);
    return [];
  }
  const peers: Contender[] = [];
  for (const [name, begin] of Object.entries({
    "http-proxy": () => plain("http-proxy", upstreamPort, cores),
    "@fastify/http-proxy": () => plain("fastify", upstreamPort, cores),
    "mcp-proxy": () => ofMcp("mcp-proxy", cores),
    supergateway: () => ofMcp("supergateway", cores),
  })) {
    try {
      peers.push({
        ...(await begin()),
        name: `${name} ${versions[name as keyof typeof versions]}`,
      });
    } catch (cause) {
      console.log(`${name} is left out: ${(cause as Error).message}\n`);
    }
  }
  return peers;
}

/** Why that did not succeed, if so. */
function install(): string | undefined {
  const mark = join(folder, `installed-${Object.values(versions).join("-")}`);
  if (existsSync(mark)) return undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  try {
    const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...packages];
    execFileSync("npm", args, { cwd: folder, timeout: installMaxMs, stdio: "pipe" });
    writeFileSync(mark, "");
    return undefined;
  } catch (cause) {
    return (cause as Error).message.split("\n").find((line) => /npm error/.test(line)) ?? "no npm";
  }
}

async function plain(
  library: string,
  upstreamPort: number,
  cores: Cores | undefined,
): Promise<Contender> {
  const port = await freePort();
  const args = [program("plain-peer.ts"), library, folder, String(port), String(upstreamPort)];
  const child = start(pinned(cores?.proxy, [process.execPath, ...args]));
  await listening(port);
  return {
    name: library,
    port,
    pid: child.pid ?? 0,
    path: (kind) => `/${kind}`,
    head: "",
    withIds: false,
    hasThreads: false,
  };
}

async function ofMcp(name: "mcp-proxy" | "supergateway", cores: Cores | undefined) {
  const port = await freePort();
  const server = [process.execPath, program("echo-server.ts")];
  // Their child is to run where the upstream runs, not on the proxy's core.
  const command = pinned(cores?.rest, server);
  const modules = join(folder, "node_modules", name, "dist");
  const args =
    name === "mcp-proxy"
      ? [join(modules, "bin/mcp-proxy.mjs"), "--server", "stream", "--host", "127.0.0.1"]
      : [join(modules, "index.js"), "--outputTransport", "streamableHttp", "--stateful"];
  const rest =
    name === "mcp-proxy"
      ? ["--port", String(port), "--", ...command]
      : ["--logLevel", "none", "--port", String(port), "--stdio", command.join(" ")];
  const child = start(pinned(cores?.proxy, [process.execPath, ...args, ...rest]));
  await listening(port);
  const sessionId = await openSession(`http://127.0.0.1:${port}/mcp`);
  return {
    name,
    port,
    pid: child.pid ?? 0,
    path: (kind: string) => (kind === "json" ? "/mcp" : undefined),
    head: sessionId === null ? "" : `Mcp-Session-Id: ${sessionId}\r\n`,
    withIds: true,
    hasThreads: false,
  };
}

async function openSession(url: string): Promise<string | null> {
  const protocolVersion = "2025-11-25";
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const clientInfo = { name: "bench", version: "1.0.0" };
  const params = { protocolVersion, capabilities: {}, clientInfo };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const answer = await fetch(url, { method: "POST", headers, body });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`it answered ${answer.status} to initialize: ${said}`);
  const sessionId = answer.headers.get("mcp-session-id");
  await fetch(url, {
    method: "POST",
    headers: {
      ...headers,
      "mcp-protocol-version": protocolVersion,
      ...(sessionId !== null && { "mcp-session-id": sessionId }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }),
  }).then((done) => done.text());
  return sessionId;
}
