/** Bodies made to break whoever reads them: they pass, the host lives, and the log says what it can. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rigForFile } from "./rig.ts";

const rig = rigForFile();
const manyObjects = `[${"{},".repeat(2_600_000)}{}]`;
let upstream: Server;
let answer = "{}";
let url = "";

beforeAll(async () => {
  upstream = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json" }).end(answer);
    });
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const target = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/mcp`;
  url = (await rig().register(target)).url;
});
afterAll(() => {
  upstream.closeAllConnections();
  upstream.close();
});

const post = async (body: string) => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
};

test.for([
  [
    "a request of millions of values with an id that no number holds",
    `{"id":1.5,"method":"x","params":${manyObjects}}`,
    "{}",
  ],
  [
    "an answer of millions of values with such an id",
    '{"jsonrpc":"2.0","id":1,"method":"x"}',
    `{"id":1.5,"result":${manyObjects}}`,
  ],
  [
    "an answer of millions of values",
    '{"jsonrpc":"2.0","id":2,"method":"x"}',
    `{"jsonrpc":"2.0","id":2,"result":${manyObjects}}`,
  ],
])("%s passes, and harms nobody", async ([, body, answered]) => {
  answer = answered ?? "";
  expect(await post(body ?? "")).toEqual({ status: 200, text: answer });
  answer = '{"jsonrpc":"2.0","id":"after","result":{}}';
  await post('{"jsonrpc":"2.0","id":"after","method":"ping"}');
  await rig().untilCalls({ method: "ping" }, (calls) => calls.length > 0, 5_000);
  const figures = await (await fetch(`${rig().url}/metrics`)).text();
  expect(figures).toContain("hookwatch_recorder_deaths_total 0");
});
