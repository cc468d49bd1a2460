import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, expect, test } from "vitest";
import type { ConnectionReport, ConnectionStepName } from "../api/connection-report.ts";
import { systemClock } from "../clock.ts";
import { type EgressMode, egressRule, type Resolve } from "../proxy/egress.ts";
import { probeConnection } from "./connection-probe.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/tls/${name}`, import.meta.url), "utf8");
const cert = fixture("upstream.cert.pem");
const key = fixture("upstream.key.pem");
const known = getCACertificates();
afterEach(() => setDefaultCACertificates(known));

/** Whatever the name, it is this machine; but one that nobody knows. */
const atHome: Resolve = (name, _options, callback) =>
  name === "unknown.example"
    ? callback(Object.assign(new Error("unknown"), { code: "ENOTFOUND" }), [])
    : callback(null, [{ address: "127.0.0.1", family: 4 }]);

interface Asked {
  readonly mode?: EgressMode;
  readonly checkMaxMs?: number;
  readonly signal?: AbortSignal;
}

function probe(url: string, asked: Asked = {}): Promise<ConnectionReport> {
  const { mode = "local", signal = new AbortController().signal, ...rest } = asked;
  const egress = egressRule({ mode }, atHome);
  const options = { egress, clock: systemClock, version: "1", ...rest };
  return probeConnection(options, new URL(url), {}, signal);
}

async function listen(server: Server & { closeAllConnections(): void }) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const step = ({ steps }: ConnectionReport, name: ConnectionStepName) =>
  steps.find((one) => one.step === name);
const statuses = ({ steps }: ConnectionReport) => steps.map(({ status }) => status).join(" ");
const teapot: RequestListener = (_request, response) => void response.writeHead(418).end();

test("TLS is told with its version and how long the certificate is good", async () => {
  setDefaultCACertificates([...known, cert]);
  await using upstream = await listen(createHttpsServer({ cert, key }, teapot));
  const report = await probe(`https://upstream.example:${upstream.port}/mcp`);
  expect(statuses(report)).toBe("ok ok ok ok failed skipped skipped");
  expect(step(report, "tls")?.details).toMatchObject({
    protocol: "TLSv1.3",
    valid_until: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
});

test("a certificate that nobody vouches for fails TLS, and nothing is asked", async () => {
  let asked = 0;
  await using upstream = await listen(createHttpsServer({ cert, key }, () => (asked += 1)));
  const report = await probe(`https://upstream.example:${upstream.port}/mcp`);
  expect(statuses(report)).toBe("ok ok failed skipped skipped skipped skipped");
  expect(step(report, "tls")?.message).toContain("certificate");
  expect(asked).toBe(0);
});

test("where only global addresses may be called, a private one looks as if it was not there", async () => {
  const [inside, nowhere] = await Promise.all(
    ["internal", "unknown"].map((name) => probe(`https://${name}.example/mcp`, { mode: "public" })),
  );
  const shown = (report: ConnectionReport | undefined) =>
    report?.steps.map(({ step: name, status, message }) => ({ name, status, message }));
  expect(shown(inside)).toEqual(shown(nowhere));
  expect(inside && step(inside, "dns")?.status).toBe("failed");
  expect(JSON.stringify(inside)).not.toContain("127.0.0.1");
});

test("a server that never answers is given up after the time for it", async () => {
  await using upstream = await listen(createHttpServer(() => undefined));
  const report = await probe(`http://127.0.0.1:${upstream.port}/mcp`, { checkMaxMs: 200 });
  expect(statuses(report)).toBe("skipped ok skipped failed skipped skipped skipped");
  expect(step(report, "http")?.message).toBe("took longer than 0.2 s");
});

test("who asks for a check and leaves ends it", async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  await using upstream = await listen(createHttpServer(() => arrive()));
  const leaving = new AbortController();
  const report = probe(`http://127.0.0.1:${upstream.port}/mcp`, { signal: leaving.signal });
  await arrived;
  leaving.abort(new Error("left"));
  await expect(report).rejects.toThrow("left");
});
