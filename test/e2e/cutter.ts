/** A hop on the way, below HTTP, that holds back what goes to the client and cuts connections. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { until } from "./until.ts";

export interface Cutter extends AsyncDisposable {
  readonly port: number;
  /** From now on nothing reaches the client, on the connections that are open. */
  hold(): void;
  /** Resolves when this text has come and was held back. */
  held(text: string): Promise<void>;
  /** Resets every connection, on both sides; new ones pass. */
  cut(): void;
}

interface Line {
  readonly client: Socket;
  readonly server: Socket;
  isHeld: boolean;
  heldText: string;
}

export async function startCutter(targetPort: number): Promise<Cutter> {
  const lines = new Set<Line>();
  const tcp = createServer((client) => {
    const server = connect(targetPort, "127.0.0.1");
    const line: Line = { client, server, isHeld: false, heldText: "" };
    lines.add(line);
    client.on("data", (bytes) => server.write(renamed(bytes)));
    server.on("data", (bytes) => {
      if (line.isHeld) line.heldText += bytes;
      else client.write(bytes);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true);
      socket.on("error", () => other.destroy());
      socket.on("end", () => other.end());
      socket.on("close", () => {
        other.destroy();
        lines.delete(line);
      });
    }
  });
  await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
  const { port } = tcp.address() as AddressInfo;
  // A host is asked by its own name.
  const renamed = (bytes: Buffer) => {
    const text = bytes.toString("latin1");
    return Buffer.from(
      text.replace(`\nhost: 127.0.0.1:${port}`, `\nhost: 127.0.0.1:${targetPort}`),
      "latin1",
    );
  };
  const cut = () => {
    for (const { client, server } of lines) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  };
  const heldTexts = () => [...lines].map(({ heldText }) => heldText);
  return {
    port,
    hold() {
      for (const line of lines) line.isHeld = true;
    },
    async held(text) {
      const isThere = (all: readonly string[]) => all.some((one) => one.includes(text));
      await until(`"${text}" held back`, 5_000, heldTexts, isThere);
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}
