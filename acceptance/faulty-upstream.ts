/**
 * Servers on loopback that break in one way each, on bare sockets; and what a client and the log are to make of it.
 *
 * Each answers a whole request, which ends with `}`, by its fault.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { leaveNothing } from "./leftovers.ts";

/** `cut`: an answer that breaks off. */
export type Outcome = number | "cut";

export interface Fault {
  readonly name: string;
  readonly expected: Outcome;
  readonly status: "error" | "timeout" | "success";
  /** Answers one request. Absent: the server cannot be reached, at `target`. */
  readonly answer?: (socket: Socket) => void;
  /** Where the server is said to be; the port is the faulty server's. */
  readonly target?: (port: number) => string;
  /** It ends after a timeout of this kind; absent: at once. */
  readonly ends?: "idle" | "connect";
}

const json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const chunks = `${json}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`;
const redirect = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /mcp\r\nContent-Length: 0\r\n\r\n";
const says = (text: string) => (socket: Socket) => void socket.write(text);
const saysAndEnds = (text: string) => (socket: Socket) => void socket.end(text);

export const faults: readonly Fault[] = [
  { name: "refuses connections", expected: 502, status: "error" },
  {
    name: "has no address",
    expected: 502,
    status: "error",
    // A label longer than names may have: no server of names is asked, whose own pace would be measured.
    target: () => `http://${"n".repeat(64)}.invalid/mcp`,
  },
  {
    name: "is not TLS where it should be",
    expected: 502,
    status: "error",
    target: (port) => `https://127.0.0.1:${port}/mcp`,
    answer: saysAndEnds("HTTP/1.1 400 Bad\r\n\r\n"),
  },
  { name: "does not accept connections", expected: 504, status: "timeout", ends: "connect" },
  { name: "says nothing", expected: 504, status: "timeout", answer: () => undefined, ends: "idle" },
  {
    name: "falls silent amid its answer",
    expected: "cut",
    status: "timeout",
    answer: says(chunks),
    ends: "idle",
  },
  {
    name: "resets before its answer",
    expected: 502,
    status: "error",
    answer: (socket) => void socket.resetAndDestroy(),
  },
  {
    name: "closes before its answer",
    expected: 502,
    status: "error",
    answer: (socket) => void socket.end(),
  },
  {
    name: "closes amid the head",
    expected: 502,
    status: "error",
    answer: saysAndEnds("HTTP/1.1 200 OK\r\nConte"),
  },
  {
    name: "sends less than it says",
    expected: "cut",
    status: "error",
    answer: saysAndEnds(`${json}Content-Length: 99\r\n\r\nhalf`),
  },
  {
    name: "resets amid its chunks",
    expected: "cut",
    status: "error",
    answer: (socket) => void socket.write(chunks, () => socket.resetAndDestroy()),
  },
  { name: "closes amid its chunks", expected: "cut", status: "error", answer: saysAndEnds(chunks) },
  {
    name: "sends a chunk that is none",
    expected: "cut",
    status: "error",
    answer: says(`${chunks}zz\r\n`),
  },
  {
    name: "names two lengths",
    expected: 502,
    status: "error",
    answer: says(`${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `),
  },
  {
    name: "names a length and chunks",
    expected: 502,
    status: "error",
    answer: says(`${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  },
  {
    name: "switches protocols unasked",
    expected: 502,
    status: "error",
    answer: says("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
  },
  {
    name: "sends 70 KB of fields",
    expected: 502,
    status: "error",
    answer: says(`${json}X: ${"x".repeat(70_000)}\r\n\r\n`),
  },
  {
    name: "speaks no HTTP",
    expected: 502,
    status: "error",
    answer: says("SSH-2.0-OpenSSH_9.2\r\n"),
  },
  {
    name: "puts a bare return between fields",
    expected: 502,
    status: "error",
    answer: says("HTTP/1.1 200 OK\r\nA: b\rC: d\r\nContent-Length: 2\r\n\r\n{}"),
  },
  { name: "redirects for ever", expected: 307, status: "error", answer: says(redirect) },
  {
    name: "answers twice",
    expected: 200,
    status: "success",
    answer: says(
      `${json}Content-Length: 38\r\n\r\n{"jsonrpc":"2.0","id":1,"result":{}}  HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`,
    ),
  },
];

export interface FaultyUpstream extends AsyncDisposable {
  readonly target: string;
}

export async function startFaulty(fault: Fault): Promise<FaultyUpstream> {
  if (fault.ends === "connect") return startDeaf();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      if (chunk.at(-1) === 0x7d || fault.target) fault.answer?.(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const closed = once(server, "close");
  const refuses = fault.answer === undefined && fault.target === undefined;
  if (refuses) server.close();
  return {
    target: fault.target?.(port) ?? `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      if (!refuses) server.close();
      await closed;
    },
  };
}

/** A stopped process whose queue of connections is full: the kernel drops what comes. */
async function startDeaf(): Promise<FaultyUpstream> {
  const script =
    'require("net").createServer().listen(0,"127.0.0.1",1,function(){console.log(this.address().port)})';
  const child: ChildProcess = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = leaveNothing(() => child.kill("SIGKILL"));
  if (!child.stdout) throw new Error("the deaf server was started without its output");
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(chunk);
  child.kill("SIGSTOP");
  const fillers = Array.from({ length: 8 }, () =>
    connect(port, "127.0.0.1").on("error", () => undefined),
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    target: `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      gone();
    },
  };
}
