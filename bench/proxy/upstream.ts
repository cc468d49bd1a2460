/**
 * What is proxied: static answers, as cheap as they come. nginx where it is installed, else a stub on bare sockets.
 *
 * Each kind of answer has its path. JSON has a length, events come in chunks.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { leaveNothing } from "../../acceptance/leftovers.ts";
import { exchangeOf, kinds } from "./bodies.ts";
import { type Cores, freePort, isInstalled, listening, pinned } from "./machine.ts";

export interface Upstream {
  readonly port: number;
  readonly what: string;
}

export async function startUpstream(folder: string, cores: Cores | undefined): Promise<Upstream> {
  const port = await freePort();
  const withNginx = isInstalled("nginx");
  const command = withNginx
    ? ["nginx", "-c", writeConfiguration(join(folder, "upstream"), port), "-p", folder]
    : [process.execPath, import.meta.filename, String(port)];
  start(pinned(cores?.rest, command));
  await listening(port);
  return {
    port,
    what: withNginx
      ? "static answers of nginx"
      : "static answers of a stub of ours on bare sockets (nginx is not installed)",
  };
}

/** A child that does not outlive this process, and says nothing. */
export function start(command: readonly string[]): ChildProcess {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  leaveNothing(() => child.kill("SIGKILL"));
  return child;
}

/** For all nginx of a run: one process, no temporary files of bodies, connections that last. */
export function nginxConfiguration(folder: string, http: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  writeFileSync(
    path,
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; worker_rlimit_nofile 20000;
     events { worker_connections 19000; }
     http { access_log off; keepalive_requests 100000000; client_body_buffer_size 256k; ${temporary}
       ${http} }`,
  );
  return path;
}

function writeConfiguration(folder: string, port: number): string {
  mkdirSync(folder, { recursive: true });
  const locations = kinds.map((kind) => {
    const { answer, type } = exchangeOf(kind);
    // Looked at for commands, of which there are none: that takes the length away, and chunks it is.
    const chunked = type === "application/json" ? "" : `ssi on; ssi_types ${type};`;
    const common = `default_type ${type}; ${chunked}`;
    // What is set in a configuration file is 4 KiB long at most.
    if (answer.length < 4_000) return `location = /${kind} { ${common} return 200 '${answer}'; }`;
    writeFileSync(join(folder, kind), answer);
    return `location = /${kind} { error_page 405 =200 /files/${kind}; return 405; }
            location = /files/${kind} { types {} ${common} alias ${folder}/${kind}; }`;
  });
  const server = `server { listen 127.0.0.1:${port} backlog=4096; open_file_cache max=10; ${locations.join("\n")} }`;
  return nginxConfiguration(folder, server);
}

if (process.argv[1] === import.meta.filename) serveStub(Number(process.argv[2]));

function serveStub(port: number): void {
  const answers = new Map(
    kinds.map((kind) => {
      const { answer, type } = exchangeOf(kind);
      const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n`;
      const whole =
        type === "application/json"
          ? `${head}Content-Length: ${answer.length}\r\n\r\n${answer}`
          : `${head}Transfer-Encoding: chunked\r\n\r\n${answer.length.toString(16)}\r\n${answer}\r\n0\r\n\r\n`;
      return [`/${kind}`, Buffer.from(whole)];
    }),
  );
  createServer({ noDelay: true }, (socket) => {
    let answer: Buffer | undefined;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      if (!answer) {
        const [, path = ""] = chunk.toString("latin1", 0, 100).split(" ");
        answer = answers.get(path);
      }
      // Every request ends with these, and no other chunk does.
      if (chunk.toString("latin1", chunk.length - 3) !== "}}}") return;
      if (answer) socket.write(answer);
      answer = undefined;
    });
  }).listen(port, "127.0.0.1", 4_096);
}
