/**
 * `node bare-forwarder.ts <port of the upstream> <port of streams>`: the edge and the forwarder, with nobody watching and nothing stored. Says its
 * port to its parent, and ends with it.
 */
import { systemClock } from "../../src/clock.ts";
import { guarded } from "../../src/edge/guard.ts";
import { listen } from "../../src/edge/listener.ts";
import { planes } from "../../src/edge/planes.ts";
import type { ExchangeWitness } from "../../src/exchange.ts";
import { Directory } from "../../src/proxy/directory.ts";
import { egressRule } from "../../src/proxy/egress.ts";
import { Forwarder } from "../../src/proxy/forwarder.ts";
import { silentLog } from "../../src/telemetry.ts";
import { kinds } from "./bodies.ts";

const slugLength = 26;

/** Of the server that answers with the kind of this number. */
export function slugOf(at: number): string {
  return String.fromCharCode(97 + at).repeat(slugLength);
}

if (process.argv[1] === import.meta.filename)
  await serve(Number(process.argv[2]), Number(process.argv[3]));

async function serve(callsPort: number, streamsPort: number): Promise<void> {
  process.once("disconnect", () => process.exit());
  const directory = new Directory();
  const paths = [...kinds, "streams"];
  for (const [at, path] of paths.entries()) {
    directory.put({
      id: `s${at}`,
      userId: "u1",
      teamId: "t1",
      slug: slugOf(at),
      name: path,
      targetUrl: `http://127.0.0.1:${path === "streams" ? streamsPort : callsPort}/${path}`,
      isActive: true,
      captureLevel: "redacted",
      createdAtMs: 0,
      updatedAtMs: 0,
    });
  }
  const nothing = () => {};
  const blind: ExchangeWitness = {
    request: nothing,
    requestEnd: nothing,
    upstream: nothing,
    head: nothing,
    response: nothing,
    end: nothing,
  };
  const forwarder = new Forwarder(
    (slug) => directory.find(slug),
    () => blind,
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
  const handleOrdinary = guarded({}, forwarder.handle);
  const listener = await listen({ host: "127.0.0.1", port: 0, handle, handleOrdinary });
  process.send?.(listener.port);
}
