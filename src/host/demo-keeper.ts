/**
 * The demo server, started when somebody asks for it, and again after a restart when it is registered: with another port, to
 * which what is registered is then pointed.
 *
 * In: the servers there are. Out: where the demo server answers. Bounds: one of it for the whole host.
 */
import type { Clock } from "../clock.ts";
import type { Server } from "../server.ts";
import type { Registry } from "../store/registry.ts";
import { type DemoServer, demoPath, openDemoServer } from "./demo-server.ts";

export interface DemoKeeperOptions {
  readonly registry: Pick<Registry, "watchServers" | "changeServer">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly version: string;
}

export class DemoKeeper implements AsyncDisposable {
  readonly #options: DemoKeeperOptions;
  #demo: Promise<DemoServer> | undefined;

  constructor(options: DemoKeeperOptions) {
    this.#options = options;
  }

  /** Where it answers. @throws Problem `unavailable` — it cannot listen. */
  async start(): Promise<string> {
    this.#demo ??= openDemoServer(this.#options.version);
    try {
      return (await this.#demo).url;
    } catch (error) {
      this.#demo = undefined;
      throw error;
    }
  }

  /** To be called once, before there is traffic: revives what was registered by an earlier start. */
  async revive(): Promise<void> {
    const { registry, clock } = this.#options;
    const stale: Server[] = [];
    const watching = await registry.watchServers(({ kind, server }) => {
      if (kind === "present" && isDemo(server)) stale.push(server);
    });
    watching[Symbol.dispose]();
    if (stale.length === 0) return;
    const targetUrl = await this.start();
    for (const { teamId, id } of stale) {
      await registry.changeServer(teamId, id, { targetUrl }, clock.nowMs());
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const demo = await this.#demo?.catch(() => undefined);
    await demo?.[Symbol.asyncDispose]();
  }
}

function isDemo({ targetUrl }: Server): boolean {
  const { hostname, pathname } = new URL(targetUrl);
  return hostname === "127.0.0.1" && pathname === demoPath;
}
