/**
 * Everything a client can tell about one run of a scenario, as one value to compare: what its user
 * got, what it heard, and every byte of its exchanges.
 *
 * Left out is what differs between two runs without any proxy: random ids, the date, the fields of
 * the single connection (RFC 9110 section 7.6.1). And, of pages for browsers, the fields that keep
 * them from acting on our origin: there we differ on purpose.
 */
import type { TestClient } from "./clients.ts";
import type { Scenario, Stage } from "./scenarios.ts";
import type { WireExchange } from "./wire.ts";

const ofTheRun = new Set(["date", "connection", "keep-alive", "transfer-encoding"]);
const ofPages = new Set(["content-security-policy", "referrer-policy", "x-content-type-options"]);
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export interface Run extends Omit<Stage, "client"> {
  readonly open: (url: string) => Promise<TestClient>;
}

export async function observe(scenario: Scenario, run: Run): Promise<unknown> {
  const { open, ...stage } = run;
  await using client = await open(run.url);
  const result = await scenario.run({ ...stage, client });
  if (!scenario.leaves) await client.wire.quiet();
  const exchanges = client.wire.exchanges.filter(({ method }) => method !== "GET");
  const wire = exchanges.map(scenario.leaves ? sent : whole).sort(byRequest);
  return JSON.parse(JSON.stringify({ result, heard: client.heard, wire }).replace(uuid, "<uuid>"));
}

function sent({ method, requestHeaders, requestBody }: WireExchange) {
  return { method, requestHeaders, requestBody };
}

function whole(exchange: WireExchange) {
  const { status, responseBody, state, responseHeaders } = exchange;
  const isPage = responseHeaders["content-type"]?.startsWith("text/html") ?? false;
  const fields = Object.entries(responseHeaders).filter(
    ([name]) => !ofTheRun.has(name) && !(isPage && ofPages.has(name)),
  );
  return { ...sent(exchange), status, fields, responseBody, state };
}

/** Exchanges that run side by side start in any order. */
function byRequest(one: { requestBody: string }, other: { requestBody: string }): number {
  return one.requestBody < other.requestBody ? -1 : Number(one.requestBody > other.requestBody);
}
