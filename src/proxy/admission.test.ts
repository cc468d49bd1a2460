/** Who is let in, and what those are told who are not. */
import { expect, test } from "vitest";
import {
  dataPlane,
  get,
  httpUpstream,
  type Plane,
  post,
  RawClient,
  server,
  slug,
  until,
} from "../../test/proxy/rig.ts";
import type { CallRefusal } from "./admission.ts";
import { egressRule, type Resolve } from "./egress.ts";
import { missesPerMinute, unsuspectedExchangesMax } from "./limits.ts";
import { Ranges } from "./ranges.ts";

const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
const metadata = (of: string) => `/.well-known/oauth-protected-resource/p/${of}`;

async function ask(plane: Plane, text: string): Promise<string> {
  using client = new RawClient(plane.port, text.replace("\r\n", "\r\nConnection: close\r\n"));
  await until("the answer's end", () => client.ending !== undefined);
  return client.received;
}

test("who asks for too many proxy URLs that do not exist is told to wait, and reaches those that do", async () => {
  await using upstream = await httpUpstream((_request, response) => response.end("{}"));
  await using plane = await dataPlane(upstream.url);
  for (let at = 0; at < missesPerMinute; at += 1) {
    expect(await ask(plane, post(ping, "", `/p/${at}`))).toMatch(/^HTTP\/1.1 404 /);
  }
  const refused = await ask(plane, post(ping, "", "/p/unknown"));
  expect(refused).toMatch(/^HTTP\/1.1 429 Too Many Requests\r\n/);
  expect(refused).toMatch(/\r\nRetry-After: [12]\r\n/);
  expect(refused).toContain('"id":7,"error":{');
  expect(refused).toContain('"reason":"too_many_misses"');
  expect(await ask(plane, get("", metadata("unknown")))).toMatch(
    /^HTTP\/1.1 429 .*\r\nRetry-After: [12]\r\n/s,
  );
  expect(await ask(plane, post(ping))).toMatch(/^HTTP\/1.1 200 /);
  expect(await ask(plane, get("", metadata(slug)))).toMatch(/^HTTP\/1.1 [25]/);
  expect(plane.forwarder.stats().failures).toMatchObject({
    unknown_server: missesPerMinute,
    too_many_misses: 1,
  });
});

test("metadata of unknown, removed and inactive servers are told apart by nobody", async () => {
  await using plane = await dataPlane("http://127.0.0.1:1/");
  const inactive = server("http://127.0.0.1:1/", {
    id: "s2",
    slug: "b".repeat(26),
    isActive: false,
  });
  const removed = server("http://127.0.0.1:1/", { id: "s3", slug: "c".repeat(26) });
  plane.directory.put(inactive);
  plane.directory.put(removed);
  plane.directory.remove(removed);
  for (const path of [metadata, (one: string) => `/p/${one}/.well-known/openid-configuration`]) {
    const answers: string[] = [];
    for (const one of [inactive.slug, removed.slug, "d".repeat(26), "x"]) {
      answers.push((await ask(plane, get("", path(one)))).replace(/\r\nDate: [^\r]*/, ""));
    }
    expect(answers[0]).toMatch(/^HTTP\/1.1 404 /);
    expect(new Set(answers).size).toBe(1);
  }
});

test("an unsound path below a server that exists is no attempt to find one", async () => {
  await using plane = await dataPlane("http://127.0.0.1:1/");
  for (let at = 0; at <= missesPerMinute; at += 1) {
    const text = get("", `${metadata(slug)}/../x`);
    expect(await ask(plane, text)).toMatch(/^HTTP\/1.1 404 /);
  }
});

test("clients behind a trusted proxy have a budget each", async () => {
  const trustedProxies = new Ranges(["127.0.0.1"]);
  await using plane = await dataPlane("http://127.0.0.1:1/", { trustedProxies });
  const from = (address: string) => get(`X-Forwarded-For: ${address}\r\n`, "/p/unknown");
  for (let at = 0; at < missesPerMinute; at += 1) await ask(plane, from("192.0.2.1"));
  expect(await ask(plane, from("192.0.2.1"))).toMatch(/^HTTP\/1.1 429 /);
  expect(await ask(plane, from("192.0.2.2"))).toMatch(/^HTTP\/1.1 404 /);
});

test("a call that its team may not make never reaches the upstream, and is told why and until when", async () => {
  await using upstream = await httpUpstream((_request, response) => response.end("{}"));
  const asked: unknown[] = [];
  let refusal: CallRefusal | undefined;
  await using plane = await dataPlane(upstream.url, {
    mayCall: ({ serverId, teamId }) => {
      asked.push([serverId, teamId]);
      return refusal;
    },
  });
  expect(await ask(plane, post(ping))).toMatch(/^HTTP\/1.1 200 /);
  refusal = { status: 429, retryAfterSeconds: 7, message: "the plan allows 1000 calls a month" };
  const limited = await ask(plane, post(ping));
  expect(limited).toMatch(/^HTTP\/1.1 429 .*\r\nRetry-After: 7\r\n/s);
  expect(JSON.parse(limited.split("\r\n\r\n")[1] ?? "")).toEqual({
    jsonrpc: "2.0",
    id: 7,
    error: {
      code: -32_600,
      message: "the plan allows 1000 calls a month",
      data: { source: "hookwatch", reason: "limit_reached" },
    },
  });
  refusal = { status: 403, message: "the team is suspended" };
  const suspended = await ask(plane, post(ping));
  expect(suspended).toMatch(/^HTTP\/1.1 403 /);
  expect(suspended).not.toContain("Retry-After");
  const document = await ask(plane, get("", metadata(slug)));
  expect(document).toMatch(/^HTTP\/1.1 503 /);
  expect(asked).toEqual(new Array(4).fill(["s1", "t1"]));
  expect(upstream.sockets).toHaveLength(1);
  expect(plane.sightings.slice(1).map(({ end }) => end)).toEqual([
    { outcome: "refused", reason: "the plan allows 1000 calls a month" },
    { outcome: "refused", reason: "the team is suspended" },
    { outcome: "refused", reason: "the team is suspended" },
  ]);
  expect(plane.forwarder.stats().failures).toMatchObject({ limit_reached: 3 });
});

test("nobody is asked whether a server may be called that does not exist, or a request that is refused anyway", async () => {
  await using plane = await dataPlane("http://127.0.0.1:1/", {
    mayCall: () => {
      throw new Error("was asked");
    },
  });
  expect(await ask(plane, post(ping, "", "/p/unknown"))).toMatch(/^HTTP\/1.1 404 /);
  expect(await ask(plane, post(ping, "", `/p/${slug}/../x`))).toMatch(/^HTTP\/1.1 400 /);
});

test("a team has so many exchanges open at once and no more, and others are not held up by it", async () => {
  await using upstream = await httpUpstream((request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.flushHeaders();
    if (request.method === "POST") response.end();
  });
  await using plane = await dataPlane(upstream.url, { exchangesPerTeamMax: 2 });
  const other = "bbbbbbbbbbbbbbbbbbbbbbbbbb";
  plane.directory.put(server(upstream.url, { id: "s2", slug: other, teamId: "t2" }));
  using first = new RawClient(plane.port, get());
  using second = new RawClient(plane.port, get());
  await until("two streams", () => plane.forwarder.stats().openExchanges === 2);
  const refused = await ask(plane, post(ping));
  expect(refused).toMatch(/^HTTP\/1.1 503 .*\r\nRetry-After: 1\r\n/s);
  expect(refused).toContain('"reason":"team_limit"');
  expect(await ask(plane, post(ping, "", `/p/${other}`))).toMatch(/^HTTP\/1.1 200 /);
  first.socket.destroy();
  await until("one stream", () => plane.forwarder.stats().openExchanges === 1);
  for (let round = 0; round < 3; round += 1) {
    expect(await ask(plane, post(ping))).toMatch(/^HTTP\/1.1 200 /);
  }
  expect(second.ending).toBeUndefined();
});

const atHome: Resolve = (_name, _options, callback) =>
  callback(null, [{ address: "127.0.0.1", family: 4 }]);

test.for([
  ["POST", 508],
  ["GET", 508],
] as const)(
  "a server that leads back here by a way nobody knows of is found out, and the loop ends: %s",
  async ([method, status]) => {
    // What stands before us under another name: the egress rule cannot tell that it is we.
    await using before = await httpUpstream(async (request, response) => {
      const body = Buffer.concat(await Array.fromAsync(request)).toString();
      const fields = request.rawHeaders.flatMap((name, at, all) =>
        at % 2 === 0 && !/^(?:host|connection|content-length)$/i.test(name)
          ? `${name}: ${all[at + 1]}\r\n`
          : [],
      );
      const target = (request.url ?? "").replace("/mcp", `/p/${slug}`);
      const text =
        method === "POST" ? post(body, fields.join(""), target) : get(fields.join(""), target);
      const answer = await ask(plane, text);
      response.statusCode = Number(answer.slice(9, 12));
      response.end(answer.slice(answer.indexOf("\r\n\r\n") + 4));
    });
    const target = `http://alias.example:${before.port}/mcp`;
    const egress = egressRule({ mode: "local" }, atHome);
    await using plane = await dataPlane(target, { egress });
    const answer = await ask(plane, method === "POST" ? post(ping) : get());
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('"reason":"loop"');
    expect(plane.forwarder.stats().exchanges.refused).toBe(1);
    expect(plane.sightings).toHaveLength(unsuspectedExchangesMax + 2);
  },
);

test("metadata of a server that leads back here is asked for once", async () => {
  let asked = 0;
  await using before = await httpUpstream(async (request, response) => {
    asked += 1;
    const via = request.headers.via ?? "";
    const answer = await ask(plane, get(`Via: ${via}\r\n`, metadata(slug)));
    response.statusCode = Number(answer.slice(9, 12));
    response.end();
  });
  const egress = egressRule({ mode: "local" }, atHome);
  await using plane = await dataPlane(`http://alias.example:${before.port}/mcp`, { egress });
  expect(await ask(plane, get("", metadata(slug)))).toMatch(/^HTTP\/1.1 503 /);
  expect(asked).toBe(1);
});

test("up to that number of open exchanges nothing is added to what clients send", async () => {
  const seen: string[][] = [];
  const held: (() => void)[] = [];
  await using upstream = await httpUpstream((request, response) => {
    seen.push(request.rawHeaders);
    held.push(() => response.end("{}"));
  });
  await using plane = await dataPlane(upstream.url);
  const clients = Array.from(
    { length: unsuspectedExchangesMax + 1 },
    () => new RawClient(plane.port, post(ping)),
  );
  await until("all of them", () => seen.length === clients.length);
  const marked = seen.filter((fields) => fields.includes("Via"));
  expect(marked).toHaveLength(1);
  expect(marked[0]?.[(marked[0]?.indexOf("Via") ?? 0) + 1]).toMatch(
    /^1\.1 hookwatch-[0-9a-f]{12}$/,
  );
  for (const finish of held) finish();
  for (const client of clients) client[Symbol.dispose]();
});
