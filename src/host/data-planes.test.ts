/** Data planes beside the main thread, real threads that record to a real file. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../test/free-port.ts";
import { id, teamId } from "../../test/store/builders.ts";
import { Carried } from "../edge/carrying.ts";
import type { CallRefusal } from "../proxy/admission.ts";
import type { Server } from "../server.ts";
import { silentLog } from "../telemetry.ts";
import { readConfig } from "./config.ts";
import { DataPlanes } from "./data-planes.ts";
import { withoutSecrets } from "./plane-shares.ts";
import { Recorder } from "./recorder.ts";
import { Writer } from "./writer.ts";

let dataDir = "";
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-planes-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

const patience = { timeout: 15_000, interval: 20 };

/** One plane, the second: without the main thread's nobody else answers at the port. */
async function open() {
  await using stack = new AsyncDisposableStack();
  const upstream = createServer((asked, answer) => {
    const chunks: Buffer[] = [];
    asked.on("data", (chunk) => chunks.push(chunk));
    asked.on("end", () => {
      const { id: asking, method } = JSON.parse(Buffer.concat(chunks).toString());
      if (method === "hang") return;
      answer.writeHead(200, { "content-type": "application/json" });
      answer.end(JSON.stringify({ jsonrpc: "2.0", id: asking, result: {} }));
    });
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  stack.defer(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  const writer = stack.use(await Writer.open({ callsUrl: "sqlite:", dataDir }, silentLog));
  const settings = { bodyCaptureMaxBytes: 65_536, digestKey: new Uint8Array(32) };
  const recorder = stack.use(await Recorder.open(settings, writer, silentLog, true));
  const begun = new Map<string, number>();
  const refusals = new Map<string, CallRefusal>();
  const usage = {
    noteElsewhere: (team: string, calls: number) =>
      void begun.set(team, (begun.get(team) ?? 0) + calls),
    refusals: () => refusals,
  };
  const carried = new Carried((asked, answer) =>
    answer.end(`${asked.method} ${asked.url} of ${asked.socket.remoteAddress}`),
  );
  const log = silentLog;
  const planes = stack.use(new DataPlanes({ recorder, usage, counts: undefined, carried, log }));
  const port = await freePort();
  const config = readConfig(["--data-planes", "2", "--data-dir", dataDir], {});
  const url = `http://127.0.0.1:${port}`;
  const place = { address: "127.0.0.1", port, url };
  const keys = { endpointKey: new Uint8Array(32), keys: [] };
  await planes.open({ config: withoutSecrets(config), ...place, ...keys });
  planes.learn({ kind: "present", server: serverAt((upstream.address() as AddressInfo).port) });
  const opened = stack.move();
  return {
    ...{ planes, recorder, writer, url, begun, refusals },
    count: () => writer.thread.call<number>("count", teamId, {}),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function serverAt(port: number): Server {
  return {
    id: id("server"),
    teamId,
    userId: id("user"),
    slug: "there",
    name: "there",
    targetUrl: `http://127.0.0.1:${port}/mcp`,
    isActive: true,
    captureLevel: "redacted",
    createdAtMs: 0,
    updatedAtMs: 0,
  } as Server;
}

/** On a connection of its own. */
async function ask(url: string, method: string, path = "/p/there"): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const agent = new Agent({ keepAlive: false });
  const headers = { "content-type": "application/json" };
  const asked = request(`${url}${path}`, { method: "POST", agent, headers }, (answer) => {
    answer.resume().once("end", () => resolve(`${answer.statusCode}`));
    answer.once("error", reject);
  });
  asked.once("error", reject);
  asked.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method }));
  return promise;
}

test("a plane that dies is replaced, knows every server, and what it had open is in the log as failed", async () => {
  await using host = await open();
  const { planes, url } = host;
  expect(await ask(url, "ping")).toBe("200");
  const hung = ask(url, "hang").catch(() => "broken");
  await vi.waitFor(async () => {
    const { capture } = await host.recorder.statistics();
    expect(capture).toMatchObject({ exchangesOpen: 1, exchangesEnded: 1 });
  }, patience);
  expect(await exchanges(host)).toBe(1);
  planes.threads[0]?.post({ begin: { servers: "no port" } }, []);
  await vi.waitFor(() => expect(planes.deaths).toBe(1), patience);
  expect(await hung).toBe("broken");
  const again = async () => expect(await ask(url, "ping")).toBe("200");
  await vi.waitFor(again, patience);
  await vi.waitFor(async () => expect(await host.count()).toBe(3), patience);
  type Page = { calls: readonly { method: string; errorMessage: string }[] };
  const { calls } = await host.writer.thread.call<Page>("page", teamId, { limit: 10 });
  const hanging = calls.find(({ method }) => method === "hang");
  expect(hanging?.errorMessage).toBe("the data plane that served it has died");
  const { exchangesEnded } = (await host.recorder.statistics()).capture ?? {};
  expect(exchangesEnded).toBe(3);
  // The figures of the dead one, as it told them last, are not forgotten.
  expect(await exchanges(host)).toBe(2);
}, 60_000);

async function exchanges({ planes }: { planes: DataPlanes }): Promise<number> {
  const none = { openConnections: 0, refusedConnections: 0 };
  const stats = await planes.threads[0]?.call<{ proxy: { exchanges: { complete: number } } }>(
    "stats",
  );
  const own = structuredClone({ ...stats, edge: none }) as never;
  const all = await planes.withStats(own);
  return all.proxy.exchanges.complete - (stats?.proxy.exchanges.complete ?? 0);
}

test("a recorder that dies is told of the planes again, and their calls go on to it", async () => {
  await using host = await open();
  const { recorder, url } = host;
  expect(await ask(url, "ping")).toBe("200");
  await vi.waitFor(async () => expect(await host.count()).toBe(1), patience);
  recorder.thread.post({ slab: "no slab" }, []);
  await vi.waitFor(() => expect(recorder.thread.deaths).toBe(1), patience);
  await vi.waitFor(() => expect(recorder.thread.alive).toBe(true), patience);
  expect(await ask(url, "ping")).toBe("200");
  await vi.waitFor(async () => expect(await host.count()).toBe(2), patience);
}, 60_000);

test("exchanges on a plane count for the plan, and what the plan refuses it refuses", async () => {
  await using host = await open();
  const { url, begun, refusals } = host;
  for (let call = 0; call < 3; call += 1) expect(await ask(url, "ping")).toBe("200");
  await vi.waitFor(() => expect(begun.get(teamId)).toBe(3), patience);
  refusals.set(teamId, { status: 429, retryAfterSeconds: 9, message: "used up" });
  await vi.waitFor(async () => expect(await ask(url, "ping")).toBe("429"), patience);
  refusals.clear();
  await vi.waitFor(async () => expect(await ask(url, "ping")).toBe("200"), patience);
}, 60_000);

test("what is not the data plane's is answered by the main thread, which is told whose it is", async () => {
  await using host = await open();
  const answer = await fetch(`${host.url}/v1/anything?x=1`);
  expect(await answer.text()).toBe("GET /v1/anything?x=1 of 127.0.0.1");
  const big = "x".repeat(1_000_000);
  const posted = await fetch(`${host.url}/v1/big`, { method: "POST", body: big });
  expect(await posted.text()).toBe("POST /v1/big of 127.0.0.1");
}, 60_000);
