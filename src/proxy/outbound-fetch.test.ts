import { expect, test } from "vitest";
import { httpUpstream } from "../../test/proxy/rig.ts";
import { Destinations } from "./destinations.ts";
import { egressRule } from "./egress.ts";
import { outboundFetch } from "./outbound-fetch.ts";

test("what may be called is, with method, fields and body", async () => {
  await using upstream = await httpUpstream(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request)).toString();
    response.end(`${request.method} ${request.headers["x-a"]} ${body}`);
  });
  await using line = outboundFetch(egressRule({ mode: "local" }));
  const answer = await line.fetch(upstream.url, {
    method: "POST",
    headers: { "X-A": "1" },
    body: "grant_type=x",
  });
  expect(await answer.text()).toBe("POST 1 grant_type=x");
});

test("what must not be called is not", async () => {
  await using upstream = await httpUpstream((_request, response) => response.end());
  const deny = new Destinations(["127.0.0.1"]);
  await using line = outboundFetch(egressRule({ mode: "local", deny }));
  await expect(line.fetch(upstream.url)).rejects.toThrow();
  await expect(line.fetch("http://169.254.169.254/")).rejects.toThrow();
  expect(upstream.sockets).toHaveLength(0);
});

test("no redirect is followed", async () => {
  let asked = 0;
  await using upstream = await httpUpstream((_request, response) => {
    asked += 1;
    response.writeHead(302, { Location: "http://169.254.169.254/" }).end();
  });
  await using line = outboundFetch(egressRule({ mode: "local" }));
  const answer = await line.fetch(upstream.url, { redirect: "follow" });
  expect(answer.status).toBe(302);
  expect(asked).toBe(1);
});

test("an answer beyond 1 MiB is an error", async () => {
  await using upstream = await httpUpstream((_request, response) => {
    response.end(Buffer.alloc(1_048_577));
  });
  await using line = outboundFetch(egressRule({ mode: "local" }));
  const answer = line.fetch(upstream.url).then((one) => one.arrayBuffer());
  await expect(answer).rejects.toThrow();
});
