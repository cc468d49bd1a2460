/** One connection that sends the same call again and again, and reads as much of each answer as tells where it ends. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { idDigits } from "./bodies.ts";
import type { LoadOrder } from "./load-process.ts";

export interface Caller {
  /** False: not answered with 200, or not to the end. */
  call(): Promise<boolean>;
  close(): void;
}

const answerMaxMs = 20_000;
let nextId = 10 ** (idDigits - 1);

export async function openCaller(
  order: Pick<LoadOrder, "port" | "head" | "body" | "withIds">,
): Promise<Caller> {
  const connection = new Connection(order);
  await connection.open();
  return connection;
}

class Connection implements Caller {
  readonly #order: Pick<LoadOrder, "port" | "head" | "body" | "withIds">;
  readonly #request: Buffer;
  readonly #idAt: number;
  #socket: Socket | undefined;
  #done: ((ok: boolean) => void) | undefined;
  /** Of the answer's head, as long as it is not whole. */
  #head = "";
  #inBody = false;
  #ok = false;
  /** Bytes of the body that are to come; -1: chunks; -2: until the connection ends. */
  #left = 0;
  #tail = "";

  constructor(order: Pick<LoadOrder, "port" | "head" | "body" | "withIds">) {
    this.#order = order;
    const text = `${order.head}Content-Length: ${Buffer.byteLength(order.body)}\r\n\r\n${order.body}`;
    this.#request = Buffer.from(text);
    this.#idAt = order.withIds ? text.indexOf('"id":') + 5 : -1;
  }

  async open(): Promise<void> {
    const socket = connect({ host: "127.0.0.1", port: this.#order.port, noDelay: true });
    this.#socket = socket;
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#socket = undefined;
      this.#end(this.#inBody && this.#left === -2 && this.#ok);
    });
    await once(socket, "connect");
  }

  async call(): Promise<boolean> {
    if (!this.#socket) await this.open();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#done = resolve;
    this.#head = "";
    this.#inBody = false;
    if (this.#idAt > 0) {
      this.#request.write(String(nextId), this.#idAt, "latin1");
      nextId += 1;
    }
    this.#socket?.write(this.#request);
    const late = setTimeout(() => this.#socket?.destroy(), answerMaxMs);
    const ok = await promise;
    clearTimeout(late);
    return ok;
  }

  close(): void {
    this.#socket?.destroy();
  }

  #end(ok: boolean): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(ok);
  }

  #take(chunk: Buffer): void {
    if (this.#inBody) {
      this.#takeBody(chunk);
      return;
    }
    const end = chunk.indexOf("\r\n\r\n");
    if (this.#head === "" && end >= 0)
      this.#takeHead(chunk.toString("latin1", 0, end), chunk, end + 4);
    else {
      // In pieces, which is rare.
      this.#head += chunk.toString("latin1");
      const at = this.#head.indexOf("\r\n\r\n");
      if (at >= 0)
        this.#takeHead(this.#head.slice(0, at), Buffer.from(this.#head, "latin1"), at + 4);
    }
  }

  #takeHead(head: string, bytes: Buffer, bodyAt: number): void {
    this.#ok = head.startsWith("HTTP/1.1 200");
    this.#inBody = true;
    this.#tail = "";
    const length = /\r\ncontent-length: ?(\d+)/i.exec(head);
    if (length) this.#left = Number(length[1]);
    else this.#left = /\r\ntransfer-encoding: ?chunked/i.test(head) ? -1 : -2;
    this.#takeBody(bodyAt === 0 ? bytes : bytes.subarray(bodyAt));
  }

  #takeBody(chunk: Buffer): void {
    if (this.#left >= 0) {
      this.#left -= chunk.length;
      if (this.#left <= 0) this.#end(this.#ok && this.#left === 0);
    } else if (this.#left === -1) {
      this.#tail = (this.#tail + chunk.toString("latin1", Math.max(0, chunk.length - 7))).slice(-7);
      if (this.#tail === "\r\n0\r\n\r\n") this.#end(this.#ok);
    }
  }
}
