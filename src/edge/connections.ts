/**
 * The client connections that are open, in all and by client, and those that are too many.
 *
 * In: connections as they come. Out: whether one is to be served. One that is too many is answered 503 when it asks for
 * something, so that its client knows when to come again; of those, too, there are only so many. Bounds: `limits.ts`.
 */
import type { Socket } from "node:net";
import { clientNetwork } from "../client-network.ts";
import type { InboundSocket } from "../inbound.ts";

export interface ConnectionsOptions {
  readonly connectionsMax: number;
  /** From one address, of IPv6 from one /64; 0 is no limit. */
  readonly connectionsPerClientMax: number;
  /** Beyond the limits, in all, to be told so; more are closed without a word. */
  readonly excessMax: number;
  /** Likewise of one client. */
  readonly excessPerClientMax: number;
  /** True for an address that stands for many clients, beside those of this machine. */
  readonly isShared: (address: string) => boolean;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  /** The client that each is counted for, if it is for one. */
  readonly #clients = new Map<Socket, string | undefined>();
  readonly #byClient = new Map<string, number>();
  readonly #excess = new Set<InboundSocket>();
  #refused = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get open(): IterableIterator<Socket> {
    return this.#clients.keys();
  }

  stats(): { readonly openConnections: number; readonly refusedConnections: number } {
    return { openConnections: this.#clients.size, refusedConnections: this.#refused };
  }

  add(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const client = this.#isCounted(address) ? clientNetwork(address) : undefined;
    const ofClient = client === undefined ? 0 : (this.#byClient.get(client) ?? 0) + 1;
    this.#clients.set(socket, client);
    if (client !== undefined) this.#byClient.set(client, ofClient);
    socket.once("close", () => this.#remove(socket));
    const { connectionsMax, connectionsPerClientMax, excessMax, excessPerClientMax } =
      this.#options;
    const beyond = connectionsPerClientMax === 0 ? 0 : ofClient - connectionsPerClientMax;
    if (this.#clients.size <= connectionsMax && beyond <= 0) return;
    this.#refused += 1;
    if (this.#excess.size >= excessMax || beyond > excessPerClientMax) socket.destroy();
    else this.#excess.add(socket);
  }

  /** One was not even let in. */
  refuse(): void {
    this.#refused += 1;
  }

  isExcess(socket: InboundSocket): boolean {
    return this.#excess.has(socket);
  }

  #isCounted(address: string): boolean {
    if (this.#options.connectionsPerClientMax === 0) return false;
    return !/^(?:::ffff:)?127\.|^::1$/.test(address) && !this.#options.isShared(address);
  }

  #remove(socket: Socket): void {
    const client = this.#clients.get(socket);
    this.#clients.delete(socket);
    this.#excess.delete(socket);
    if (client === undefined) return;
    const left = (this.#byClient.get(client) ?? 0) - 1;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }
}
