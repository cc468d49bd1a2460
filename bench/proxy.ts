/**
 * What the data plane costs: requests per second and CPU per request, direct, through us and, where it is
 * installed, through nginx. POST of 400 bytes, answer of 1 KB, 32 connections, one process each. Many short
 * rounds, interleaved, of which the better quarter counts, because machines are shared; read the ratios.
 * Takes half a minute.
 */
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/clock.ts";
import { guarded } from "../src/edge/guard.ts";
import { listen } from "../src/edge/listener.ts";
import { planes } from "../src/edge/planes.ts";
import type { ExchangeWitness } from "../src/exchange.ts";
import { Directory } from "../src/proxy/directory.ts";
import { egressRule } from "../src/proxy/egress.ts";
import { Forwarder } from "../src/proxy/forwarder.ts";
import { silentLog } from "../src/telemetry.ts";

const roundMs = 250;
const rounds = 24;
const connections = 32;
const slug = "a".repeat(26);
const body = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "echo", arguments: { text: "x".repeat(300) } },
});
const answer = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  result: { content: [{ type: "text", text: "y".repeat(930) }] },
});

const role = process.argv[2] ?? "";
// A child does not outlive the process that measures.
if (role.startsWith("role=")) process.once("disconnect", () => process.exit());
if (role === "role=upstream") await upstream();
else if (role === "role=idle" || role === "role=copy")
  await proxy(role === "role=copy", Number(process.argv[3]));
else await compare();

interface Contender {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  /** User and system time so far, microseconds. */
  readonly cpuMicros: () => number;
  readonly end: () => void;
}

async function compare(): Promise<void> {
  const [upstreamPort, upstreamProcess] = await start("role=upstream");
  const contenders: Contender[] = [
    {
      name: "direct",
      port: upstreamPort,
      path: "/mcp",
      cpuMicros: cpuOf(upstreamProcess.pid),
      end: () => upstreamProcess.kill(),
    },
    ...(await nginx(upstreamPort)),
  ];
  for (const [name, mode] of [
    ["forwarder, nobody watching", "role=idle"],
    ["forwarder, bodies copied once", "role=copy"],
  ] as const) {
    const [port, child] = await start(mode, String(upstreamPort));
    contenders.push({
      name,
      port,
      path: `/p/${slug}`,
      cpuMicros: cpuOf(child.pid),
      end: () => child.kill(),
    });
  }
  for (const one of contenders) await load(one, 700);
  const results = new Map(contenders.map(({ name }) => [name, [] as Round[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of contenders) {
      const before = one.cpuMicros();
      const { count, ms, latencies } = await load(one, roundMs);
      const micros = (one.cpuMicros() - before) / count;
      results.get(one.name)?.push({ micros, perSecond: (count / ms) * 1_000, latencies });
    }
  }
  for (const one of contenders) one.end();
  print(results);
}

interface Round {
  readonly micros: number;
  readonly perSecond: number;
  readonly latencies: readonly number[];
}

function print(results: ReadonlyMap<string, readonly Round[]>): void {
  const best = new Map(
    [...results].map(([name, all]) => {
      const quarter = all
        .toSorted((a, b) => a.micros - b.micros)
        .slice(0, Math.ceil(all.length / 4));
      const mean = (of: (round: Round) => number) =>
        quarter.reduce((sum, round) => sum + of(round), 0) / quarter.length;
      const latencies = quarter.flatMap((round) => round.latencies).sort((a, b) => a - b);
      const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
      return [
        name,
        {
          micros: mean((one) => one.micros),
          perSecond: mean((one) => one.perSecond),
          p50: at(0.5),
          p99: at(0.99),
        },
      ];
    }),
  );
  const base = best.has("nginx") ? "nginx" : "forwarder, nobody watching";
  const baseMicros = best.get(base)?.micros ?? Number.NaN;
  console.log(`| through | requests/s | p50 ms | p99 ms | CPU µs/request | × ${base} |`);
  console.log("|---|---|---|---|---|---|");
  for (const [name, { micros, perSecond, p50, p99 }] of best) {
    const ratio = name === "direct" ? "" : (micros / baseMicros).toFixed(2);
    console.log(
      `| ${name} | ${perSecond.toFixed(0)} | ${p50.toFixed(2)} | ${p99.toFixed(2)} | ${micros.toFixed(1)} | ${ratio} |`,
    );
  }
}

/** Keeps every connection busy with one request at a time. */
async function load(
  { port, path }: Contender,
  forMs: number,
): Promise<{ count: number; ms: number; latencies: number[] }> {
  const request = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nUser-Agent: bench\r\nMcp-Session-Id: 0123456789\r\nMCP-Protocol-Version: 2025-11-25\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const latencies: number[] = [];
  let count = 0;
  const startedAtMs = performance.now();
  const untilMs = startedAtMs + forMs;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      let got = 0;
      let sentAtMs = 0;
      const send = () => {
        got = 0;
        sentAtMs = performance.now();
        socket.write(request);
      };
      socket.on("data", (chunk) => {
        got += chunk.length;
        // Every answer ends with the same three bytes, and no other chunk does.
        if (got < answer.length || chunk.toString("latin1", chunk.length - 3) !== "]}}") return;
        count += 1;
        const nowMs = performance.now();
        latencies.push(nowMs - sentAtMs);
        if (nowMs < untilMs) send();
        else socket.end();
      });
      await once(socket, "connect");
      send();
      await once(socket, "close");
    }),
  );
  return { count, ms: performance.now() - startedAtMs, latencies };
}

async function upstream(): Promise<void> {
  const response = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\nMcp-Session-Id: 0123456789\r\nConnection: keep-alive\r\nKeep-Alive: timeout=60\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`,
  );
  const tcp = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {});
    // A body that ends the request ends with these bytes; the head does not.
    socket.on("data", (chunk) => {
      if (chunk.toString("latin1", chunk.length - 3) === "}}}") socket.write(response);
    });
  });
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  process.send?.((tcp.address() as AddressInfo).port);
}

async function proxy(copies: boolean, upstreamPort: number): Promise<void> {
  const directory = new Directory();
  directory.put({
    id: "s1",
    userId: "u1",
    teamId: "t1",
    slug,
    name: "bench",
    targetUrl: `http://127.0.0.1:${upstreamPort}/mcp`,
    isActive: true,
    captureLevel: "redacted",
    createdAtMs: 0,
    updatedAtMs: 0,
  });
  const slab = Buffer.alloc(1_048_576);
  let at = 0;
  const copy = (chunk: Uint8Array) => {
    if (at + chunk.length > slab.length) at = 0;
    slab.set(chunk, at);
    at += chunk.length;
  };
  const nothing = () => {};
  const blind: ExchangeWitness = {
    request: nothing,
    requestEnd: nothing,
    head: nothing,
    response: nothing,
    end: nothing,
  };
  const watching: ExchangeWitness = { ...blind, request: copy, response: copy };
  const forwarder = new Forwarder(
    (one) => directory.find(one),
    () => (copies ? watching : blind),
    {
      upstreamIdleTimeoutMs: 300_000,
      requestMaxBytes: 67_108_864,
      egress: egressRule({ mode: "local" }),
      clock: systemClock,
      log: silentLog,
    },
  );
  const notFound = (_request: unknown, response: { end(): void }) => response.end();
  const handle = guarded({}, planes({ "/p/": forwarder.handle, "/healthz": notFound }, notFound));
  const listener = await listen({ host: "127.0.0.1", port: 0, handle });
  process.send?.(listener.port);
}

async function start(...args: string[]): Promise<[number, ChildProcess]> {
  const child = fork(import.meta.filename, args);
  const [port] = (await once(child, "message")) as [number];
  return [port, child];
}

/** One worker, upstream connections kept alive, no access log. Nothing when nginx is not installed. */
async function nginx(upstreamPort: number): Promise<Contender[]> {
  if (spawnSync("nginx", ["-v"]).status !== 0) return [];
  const dir = mkdtempSync(join(tmpdir(), "hookwatch-bench-"));
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  writeFileSync(
    join(dir, "nginx.conf"),
    `daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error.log;
     events { worker_connections 1024; }
     http { access_log off; keepalive_requests 100000000; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
       fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
       upstream up { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }
       server { listen 127.0.0.1:${port};
         location /p/ { proxy_pass http://up/mcp; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }`,
  );
  process.once("exit", () => child.kill());
  const child = spawn("nginx", ["-c", join(dir, "nginx.conf"), "-p", dir], { stdio: "ignore" });
  for (let tries = 0; tries < 100; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const end = () => {
    child.kill();
    child.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  };
  return [{ name: "nginx", port, path: "/p/", cpuMicros: cpuOf(child.pid), end }];
}

/** All threads together, to the nanosecond; only Linux tells. */
function cpuOf(pid: number | undefined): () => number {
  return () => {
    try {
      let nanos = 0;
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        nanos += Number(
          readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0],
        );
      }
      return nanos / 1_000;
    } catch {
      return Number.NaN;
    }
  };
}
