/** A stream that is compressed and stays open is read while it runs: its calls are in the log when they are answered. */
import { constants, createBrotliCompress, createGzip } from "node:zlib";
import { expect, test } from "vitest";
import { rigForFile } from "./rig.ts";
import { event, eventStream, startScripted } from "./scripted-upstream.ts";
import { Signals } from "./signals.ts";

const rig = rigForFile();

const call = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "forecast" } };
const answer = { jsonrpc: "2.0", id: 7, result: { content: [{ type: "text", text: "mild" }] } };
const note = {
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data: "é" },
};
const pauseMs = 150;

test.for([
  ["gzip", createGzip, constants.Z_SYNC_FLUSH],
  ["br", createBrotliCompress, constants.BROTLI_OPERATION_FLUSH],
] as const)(
  "a call on a stream in %s is readable within a second of its answer, the stream still open",
  async ([coding, create, flush]) => {
    const signals = new Signals();
    await using upstream = await startScripted(async ({ response, body }) => {
      await body();
      response.writeHead(200, { ...eventStream, "content-encoding": coding });
      const encoder = create();
      encoder.pipe(response);
      const say = async (message: object) => {
        encoder.write(event(message));
        await new Promise<void>((resolve) => encoder.flush(flush, resolve));
      };
      await say(note);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await say(answer);
      await signals.wait("read");
      encoder.end();
    });
    const { server, url } = await rig().register(upstream.url);
    const headers = { "accept-encoding": coding };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(call) });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("mild")) text += (await reader?.read())?.value ?? "";
    const [recorded] = await rig().untilCalls({ server_id: server.id }, (all) => all.length === 1);
    expect(recorded).toMatchObject({ status: "success", response_body: JSON.stringify(answer) });
    expect(recorded?.duration_ms).toBeGreaterThanOrEqual(pauseMs - 1);
    const [message, ...others] = await rig().api.messages(recorded?.id ?? "");
    expect(others).toEqual([]);
    expect(JSON.parse(message?.body ?? "")).toEqual(note);
    // Each at its own time, however late the log was written.
    expect(message?.offset_ms).toBeLessThan((recorded?.duration_ms ?? 0) - pauseMs / 2);
    signals.raise("read");
    while (!(await reader?.read())?.done);
  },
);
