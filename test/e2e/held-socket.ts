/**
 * A listening socket on loopback that outlives those who serve it, as systemd holds one for a unit; and hosts that are
 * given it, one after the other.
 *
 * Guarantees: nothing accepts on it here, so that connections wait in it while no host does.
 */
import * as net from "node:net";

/** What `node:cluster` binds its workers' sockets with; Node has no public way to bind one and not accept on it. */
interface Binding {
  readonly fd: number;
  close(): void;
  getsockname(out: { port?: number }): number;
}
type Bind = (address: string, port: number, addressType: 4 | 6) => Binding | number;
const { _createServerHandle: bind } = net as unknown as { _createServerHandle: Bind };

export class HeldSocket implements Disposable {
  readonly url: string;
  readonly #binding: Binding;

  constructor() {
    const binding = bind("127.0.0.1", 0, 4);
    if (typeof binding === "number") throw new Error(`no socket could be bound: ${binding}`);
    const name: { port?: number } = {};
    binding.getsockname(name);
    this.#binding = binding;
    this.url = `http://127.0.0.1:${name.port}`;
  }

  /** What a process that is to have it is started with; its descriptor is the first after the standard ones. */
  get fd(): number {
    return this.#binding.fd;
  }

  [Symbol.dispose](): void {
    this.#binding.close();
  }
}

/** Tells a process that its descriptor 3 is a socket to listen on (sd_listen_fds(3)). */
export const socketGiven = { LISTEN_FDS: "1" } as const;
