/** The proxies that everybody knows, each with one process and connections to what is behind it that last. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Behind, Contender } from "./contender.ts";
import { type Cores, freePort, isInstalled, listening, pinned } from "./machine.ts";
import { nginxConfiguration, start } from "./upstream.ts";

const plain = {
  path: (kind: string) => `/${kind}`,
  streamPath: "/streams",
  head: "",
  withIds: false,
  hasThreads: false,
} as const;

/** The way without a proxy. */
export function direct(port: number): Contender {
  return { ...plain, name: "direct", port, pid: 0 };
}

/** Answers go on as they come, which event streams need. */
export async function startNginx(
  folder: string,
  behind: Behind,
  cores: Cores | undefined,
  withLog: boolean,
): Promise<Contender | undefined> {
  if (!isInstalled("nginx")) return undefined;
  const port = await freePort();
  const name = withLog ? "nginx, access log" : "nginx";
  const own = join(folder, name.replaceAll(/\W+/g, "-"));
  const http = `${withLog ? `access_log ${own}/access.log;` : ""}
    upstream up { server 127.0.0.1:${behind.calls}; keepalive 1024; keepalive_requests 100000000; }
    server { listen 127.0.0.1:${port} backlog=4096; location / { proxy_pass http://up; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_buffering off; proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_read_timeout 1h; }
      location /streams { proxy_pass http://127.0.0.1:${behind.streams}; proxy_buffering off; proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_read_timeout 1h; } }`;
  const child = start(
    pinned(cores?.proxy, ["nginx", "-c", nginxConfiguration(own, http), "-p", own]),
  );
  await listening(port);
  return { ...plain, name, port, pid: child.pid ?? 0 };
}

export async function startHaproxy(
  folder: string,
  behind: Behind,
  cores: Cores | undefined,
): Promise<Contender | undefined> {
  if (!isInstalled("haproxy")) return undefined;
  const port = await freePort();
  const own = join(folder, "haproxy");
  mkdirSync(own, { recursive: true });
  const path = join(own, "haproxy.cfg");
  writeFileSync(
    path,
    `global
  nbthread 1
  maxconn 9500
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  option http-no-delay
  http-reuse always
frontend in
  bind 127.0.0.1:${port} backlog 4096
  use_backend streams if { path /streams }
  default_backend up
backend up
  server s1 127.0.0.1:${behind.calls}
backend streams
  server s1 127.0.0.1:${behind.streams}
`,
  );
  const child = start(pinned(cores?.proxy, ["haproxy", "-db", "-q", "-f", path]));
  await listening(port);
  return { ...plain, name: "haproxy", port, pid: child.pid ?? 0 };
}
