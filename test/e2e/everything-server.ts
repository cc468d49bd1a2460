/** The official `server-everything` on SDK 1.x, in a child process: legacy sessions only. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { freePort } from "../free-port.ts";
import { within } from "./until.ts";

export interface EverythingServer extends AsyncDisposable {
  readonly url: string;
}

/** Over streamable HTTP. */
export function startEverythingServer(): Promise<EverythingServer> {
  return start("streamableHttp", "/mcp");
}

/** Over HTTP+SSE, the transport of 2024-11-05. */
export function startEverythingSseServer(): Promise<EverythingServer> {
  return start("sse", "/sse");
}

async function start(transport: string, path: string): Promise<EverythingServer> {
  const port = await freePort();
  const program = createRequire(import.meta.url).resolve(
    "@modelcontextprotocol/server-everything/dist/index.js",
  );
  const child = spawn(process.execPath, [program, transport], {
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const lines = createInterface(child.stderr);
  const ready = new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => /(?:listening|running) on port/.test(line) && resolve());
    child.once("exit", (code) => reject(new Error(`server-everything ended with ${code}`)));
  });
  await within("server-everything", 15_000, ready);
  return {
    url: `http://127.0.0.1:${port}${path}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
