/** Streams of very many events pass at the speed of the wire, and are one call that keeps the first thousand. */
import { once } from "node:events";
import { createGzip } from "node:zlib";
import { expect, test } from "vitest";
import { rigForFile } from "./rig.ts";
import { eventStream, startScripted } from "./scripted-upstream.ts";

const rig = rigForFile();
const eventCount = 100_000;
const transcriptMax = 1_000;
const call =
  '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"count","_meta":{"progressToken":7}}}';
const answer = '{"jsonrpc":"2.0","id":7,"result":{"content":[]}}';

function progress(step: number): string {
  const params = `{"progressToken":7,"progress":${step}}`;
  const lineEnd = ["\n", "\r", "\r\n"][step % 3];
  const message = `{"jsonrpc":"2.0","method":"notifications/progress","params":${params}}`;
  return [`id: ${step}`, "event: message", `data: ${message}`, "", ""].join(lineEnd);
}

test.for(["identity", "gzip"])("a hundred thousand events in %s", async (coding) => {
  await using upstream = await startScripted(async ({ response, body }) => {
    await body();
    response.writeHead(200, { ...eventStream, "content-encoding": coding });
    const out = coding === "gzip" ? createGzip() : response;
    if (out !== response) out.pipe(response);
    for (let step = 1; step <= eventCount; step += 1) {
      if (!out.write(progress(step))) await once(out, "drain");
    }
    out.end(`data: ${answer}\n\n`);
  });
  const { server, url } = await rig().register(upstream.url);
  const headers = { "mcp-session-id": "one", "accept-encoding": coding };
  const response = await fetch(url, { method: "POST", headers, body: call });
  const text = await response.text();
  expect(text.endsWith(`${progress(eventCount)}data: ${answer}\n\n`)).toBe(true);

  const calls = await rig().untilCalls({ server_id: server.id }, (all) => all.length > 0, 10_000);
  expect(calls).toMatchObject([{ status: "success", tool_name: "count", response_body: answer }]);
  const messages = await rig().api.messages(calls[0]?.id ?? "");
  const steps = messages.map(({ body }) => JSON.parse(body).params.progress);
  expect(steps).toEqual(Array.from({ length: transcriptMax }, (_, index) => index + 1));
  const figures = await (await fetch(`${rig().url}/metrics`)).text();
  for (const lost of ["capture_lost_bytes", "capture_faults", "recorder_deaths"]) {
    expect(figures).toContain(`hookwatch_${lost}_total 0`);
  }
});
