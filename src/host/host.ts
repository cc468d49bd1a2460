/** Joins the stages. The only module that knows them all; the pipeline is `openHost`. */
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { answerError } from "../api/answer.ts";
import { controlPlane } from "../api/control-plane.ts";
import { Followers } from "../api/followers.ts";
import { systemClock } from "../clock.ts";
import { guarded } from "../edge/guard.ts";
import { type Listener, listen } from "../edge/listener.ts";
import { planes } from "../edge/planes.ts";
import { newId } from "../id.ts";
import { invalid } from "../problem.ts";
import { Directory } from "../proxy/directory.ts";
import { egressRule } from "../proxy/egress.ts";
import { Forwarder } from "../proxy/forwarder.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";
import type { Config } from "./config.ts";
import { openDataDir } from "./data-dir.ts";
import { figures } from "./figures.ts";
import { found, type Keys } from "./founding.ts";
import { MetricsPage } from "./metrics-page.ts";
import { ownPages } from "./own-pages.ts";
import { Recorder } from "./recorder.ts";
import { type ReadableCallLog, remoteCallLog } from "./remote-call-log.ts";
import { Retention } from "./retention.ts";
import { lockCallLog, openRegistry, sharesReads } from "./stores.ts";
import { Thread } from "./thread.ts";
import { Writer } from "./writer.ts";

export interface Host extends AsyncDisposable {
  /** Where users reach it, without a slash at its end. */
  readonly url: string;
  readonly dataDir: string;
  /** The text of the API key that this start made, if it made one. */
  readonly newKey: string | undefined;
}

/** How long exchanges may run on when the host is told to stop; streams end after their event. */
const drainMs = 5_000;
// What a query leaves behind is large and short-lived: a small young heap gives it back sooner.
const reading = { heapMaxMiB: 512, youngMaxMiB: 16, answerMaxMs: 30_000 };
const unreadable = {
  field: "request",
  message: "has a method or a target that HTTP does not allow",
};

/** @throws Problem — with a sentence for the person who starts the program. */
export async function openHost(
  config: Config,
  { log, version }: { log: Log; version: string },
): Promise<Host> {
  // Disposed in reverse: stop listening, end exchanges, drain ingest, close the stores.
  await using open = new AsyncDisposableStack();
  open.use(openDataDir(config.dataDir));
  open.use(lockCallLog(config));
  const registry = open.use(openRegistry(config.registryUrl, config.dataDir, log));
  const { recorder, reader, calls } = await openCalls(open, config, registry, log);
  const followers = open.use(new Followers(calls));
  recorder.onStored(() => followers.wake());

  const directory = new Directory();
  const egress = egressRule(config.egress);
  let keys: Keys | undefined;
  const isOwnKey = (text: string) => keys?.isOwn(text) ?? false;
  const endpointKey = await registry.secret("endpoints");
  const forwarder = open.use(
    new Forwarder((slug) => directory.find(slug), recorder.watch, {
      ...config,
      egress,
      clock: systemClock,
      log,
      endpointKey,
      mayBegin: () => config.strictLogging === "0" || recorder.hasRoom,
      ...(config.durableCalls === "1" && { durable: () => recorder.durable() }),
      isOwnCredential: isOwnKey,
    }),
  );
  open.use(
    await registry.watchServers(({ kind, server }) => {
      if (kind === "present") directory.put(server);
      else directory.remove(server);
      forwarder.dropServer(server.id);
    }),
  );

  let url = "";
  const control = controlPlane({
    log: calls,
    followers,
    registry,
    refuseTarget: egress.refuse,
    publicUrl: () => url,
    serversMax: config.serversMax,
    isOwnKey,
    clock: systemClock,
    report: log,
    version,
  });
  let draining = false;
  const unreadiness = () => (draining ? "the host is stopping" : troubleOf(recorder, reader));
  const metrics = new MetricsPage(async () =>
    figures(listener.stats(), forwarder.stats(), await recorder.statistics(), reader.deaths),
  );
  const byPath = {
    "/p/": forwarder.handle,
    "/.well-known/": forwarder.handleMetadata,
    ...ownPages({ unreadiness, metrics, log }),
  };
  const all = planes(
    byPath,
    getRequestListener(control.fetch, {
      overrideGlobalObjects: false,
      // A request from which no `Request` can be made never reaches the app.
      errorHandler: () => answerError(invalid(unreadable), newId(), log),
    }),
  );
  const listener: Listener = await listen({ ...config, handle: guarded(config, all) });
  open.defer(async () => {
    draining = true;
    followers.end();
    await Promise.all([listener.close(drainMs), forwarder.drain(drainMs)]);
  });
  url = config.publicUrl ?? listener.url;
  egress.recognise({ address: listener.address, port: listener.port, publicUrl: url });
  // Last, so that a start that cannot listen makes no key that nobody gets to see.
  keys = await found(registry, config.apiKey, systemClock);
  const opened = open.move();
  return {
    url,
    dataDir: config.dataDir,
    newKey: keys.newKey,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Why calls cannot be recorded or read as they should be; undefined when they can. */
function troubleOf(recorder: Recorder, reader: Thread): string | undefined {
  return reader.alive ? recorder.unreadiness : "the reader of the call log is being replaced";
}

/** The three threads of the call log, and what the control plane sees of it. */
async function openCalls(
  open: AsyncDisposableStack,
  config: Config,
  registry: Registry,
  log: Log,
): Promise<{ recorder: Recorder; reader: Thread; calls: ReadableCallLog }> {
  const { callsUrl, dataDir } = config;
  const writer = open.use(await Writer.open({ callsUrl, dataDir }, log));
  const recorder = open.use(await openRecorder(config, registry, writer, log));
  const reader = sharesReads(callsUrl) ? open.use(await openReader(config, log)) : writer.thread;
  const calls = remoteCallLog(reader, writer.thread);
  await finishRemovals(registry, calls);
  open.use(new Retention(calls, config, systemClock, log));
  return { recorder, reader, calls };
}

async function openRecorder(
  { callsUrl, dataDir, bodyCaptureMaxBytes, spillMaxBytes }: Config,
  registry: Registry,
  writer: Writer,
  log: Log,
): Promise<Recorder> {
  const digestKey = await registry.secret("digests");
  // A log that keeps nothing beyond this process leaves nothing on disk either.
  const spills = spillMaxBytes > 0 && sharesReads(callsUrl);
  const spill = { folder: join(dataDir, "spill"), maxBytes: spillMaxBytes };
  return Recorder.open({ bodyCaptureMaxBytes, digestKey, ...(spills && { spill }) }, writer, log);
}

function openReader({ callsUrl, dataDir }: Config, log: Log): Promise<Thread> {
  const entry = new URL("./reader-thread.ts", import.meta.url);
  return Thread.open({
    name: "reader",
    entry,
    data: { callsUrl, dataDir },
    ...reading,
    log,
  });
}

/** A deletion that a crash broke off between the two stores is finished here (ADR-0003). */
async function finishRemovals(
  registry: Registry,
  calls: Pick<ReadableCallLog, "removeServer">,
): Promise<void> {
  for (const { teamId, id } of await registry.removedServers()) {
    await calls.removeServer(teamId, id);
    await registry.forgetServer(teamId, id);
  }
}
