/** Joins the stages. The only module that knows them all; the pipeline is `openHost`. */
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { answerError } from "../api/answer.ts";
import type { ControlPlane } from "../api/control-plane.ts";
import { Followers } from "../api/followers.ts";
import { systemClock } from "../clock.ts";
import { Carried } from "../edge/carrying.ts";
import { dashboard } from "../edge/dashboard.ts";
import { guarded } from "../edge/guard.ts";
import { type Listener, listen } from "../edge/listener.ts";
import { type Plane, planes } from "../edge/planes.ts";
import { newId } from "../id.ts";
import { invalid } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";
import { builtDashboard } from "./built-dashboard.ts";
import type { Config } from "./config.ts";
import { openControl } from "./control.ts";
import { openDataDir } from "./data-dir.ts";
import { figures } from "./figures.ts";
import { found, type Keys } from "./founding.ts";
import { leave } from "./leaving.ts";
import { MetricsPage } from "./metrics-page.ts";
import { networkOf } from "./network.ts";
import { openOwnCalls } from "./own-calls.ts";
import { ownPages, vitalPaths } from "./own-pages.ts";
import { connectionsShare } from "./plane-shares.ts";
import { Plans } from "./plans.ts";
import { PlanUsage } from "./plans-usage.ts";
import { Recorder } from "./recorder.ts";
import { type ReadableCallLog, remoteCallLog } from "./remote-call-log.ts";
import { Retention } from "./retention.ts";
import { lockCallLog, openRegistry, sharesReads } from "./stores.ts";
import { Thread } from "./thread.ts";
import { openTraffic } from "./traffic.ts";
import { Writer } from "./writer.ts";

export interface Host extends AsyncDisposable {
  /** Where users reach it, without a slash at its end. */
  readonly url: string;
  readonly dataDir: string;
  /** The text of the API key that this start made, if it made one. */
  readonly newKey: string | undefined;
  /** Signs the owner in to the dashboard, once; absent when the owner has a password. */
  readonly signInUrl: string | undefined;
}

// What a query leaves behind is large and short-lived: a small young heap gives it back sooner.
const reading = { heapMaxMiB: 512, youngMaxMiB: 16, answerMaxMs: 30_000 };
const apiPaths = ["/v1/", "/docs", "/docs/", "/openapi.json"];
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
  const plans = new Plans(config, registry);
  const { recorder, reader, calls } = await openCalls(open, config, { registry, plans }, log);
  const followers = open.use(new Followers(calls));
  recorder.onStored(() => followers.wake());

  const usage = open.use(await PlanUsage.open({ registry, plans, clock: systemClock, log }));
  const network = networkOf(config);
  let keys: Keys | undefined;
  const isOwnKey = (text: string) => keys?.isOwn(text) ?? false;
  const carried = new Carried((request, response) => all(request, response));
  const ofTraffic = { config, registry, recorder, usage, network, isOwnKey, carried, log };
  const traffic = await openTraffic(open, ofTraffic);
  const { forwarder, others } = traffic;

  let url = "";
  const own = { publicUrl: () => url, isOwnKey, log, version };
  const asking = { forwarder, ...network, registry, clock: systemClock, ...own };
  const ownCalls = await openOwnCalls(open, asking);
  const parts = { config, registry, calls, followers, plans, usage, network, ownCalls, ...own };
  const control = await openControl(open, parts);
  let draining = false;
  const unreadiness = () => (draining ? "the host is stopping" : troubleOf(recorder, reader));
  const metrics = new MetricsPage(async () => {
    const recorded = await recorder.statistics();
    const own = { edge: listener.stats(), proxy: forwarder.stats(), slabs: recorded.slabs };
    return figures((await others?.withStats(own)) ?? own, recorded, reader, others);
  });
  const api = apiPlane(control, log);
  const byPath = {
    "/p/": forwarder.handle,
    "/.well-known/": forwarder.handleMetadata,
    ...Object.fromEntries(apiPaths.map((path) => [path, api])),
    ...ownPages({ unreadiness, metrics, log }),
  };
  const all: Plane = planes(byPath, dashboard(builtDashboard(), api));
  const isShared = (address: string) => network.trustedProxies.has(address);
  const handle = guarded(config, all);
  const ways = { handle, handleOrdinary: guarded(config, forwarder.handle) };
  const limits = {
    listeners: config.dataPlanes,
    connectionsPerClientMax: connectionsShare(config),
  };
  const listening = { ...config, ...ways, ...limits, isShared, vital: vitalPaths };
  const listener: Listener = await listen(listening);
  open.defer(async () => {
    draining = true;
    await leave({ listener, forwarder, others, endStreams: () => followers.end() }, config);
  });
  url = config.publicUrl ?? listener.url;
  network.egress.recognise({ address: listener.address, port: listener.port, publicUrl: url });
  // Last, so that a start that cannot listen makes no key that nobody gets to see.
  keys = await found(registry, config.apiKey, systemClock, url);
  await traffic.openOthers(listener, url, keys);
  const opened = open.move();
  return {
    url,
    dataDir: config.dataDir,
    newKey: keys.newKey,
    signInUrl: keys.signInUrl,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The API at `apiPaths`, and whatever nobody knows, which is its to refuse. */
function apiPlane(control: ControlPlane, log: Log): Plane {
  return getRequestListener(control.fetch, {
    overrideGlobalObjects: false,
    // A request from which no `Request` can be made never reaches the app.
    errorHandler: () => answerError(invalid(unreadable), newId(), log),
  });
}

/** Why calls cannot be recorded or read as they should be; undefined when they can. */
function troubleOf(recorder: Recorder, reader: Thread): string | undefined {
  return reader.alive ? recorder.unreadiness : "the reader of the call log is being replaced";
}

/** The three threads of the call log, and what the control plane sees of it. */
async function openCalls(
  open: AsyncDisposableStack,
  config: Config,
  { registry, plans }: { readonly registry: Registry; readonly plans: Plans },
  log: Log,
): Promise<{ recorder: Recorder; reader: Thread; calls: ReadableCallLog }> {
  const { callsUrl, dataDir } = config;
  const writer = open.use(await Writer.open({ callsUrl, dataDir }, log));
  const recorder = open.use(await openRecorder(config, registry, writer, log));
  const reader = sharesReads(callsUrl) ? open.use(await openReader(config, log)) : writer.thread;
  const calls = remoteCallLog(reader, writer.thread);
  await finishRemovals(registry, calls);
  const teams = plans.retention;
  open.use(new Retention(calls, { ...config, ...(teams && { teams }) }, systemClock, log));
  return { recorder, reader, calls };
}

async function openRecorder(
  { callsUrl, dataDir, bodyCaptureMaxBytes, spillMaxBytes, apiKey, dataPlanes }: Config,
  registry: Registry,
  writer: Writer,
  log: Log,
): Promise<Recorder> {
  const digestKey = await registry.secret("digests");
  // A log that keeps nothing beyond this process leaves nothing on disk either.
  const spills = spillMaxBytes > 0 && sharesReads(callsUrl);
  const spill = { folder: join(dataDir, "spill"), maxBytes: spillMaxBytes };
  const ownSecrets = apiKey ? [apiKey.reveal()] : [];
  const rest = { ownSecrets, ...(spills && { spill }) };
  return Recorder.open({ bodyCaptureMaxBytes, digestKey, ...rest }, writer, log, dataPlanes > 1);
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
