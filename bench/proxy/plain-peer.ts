/**
 * `node plain-peer.ts <http-proxy|fastify> <folder of packages> <port> <port of the upstream>`: a proxy of a few lines with a
 * library, as its documentation shows it, and connections to the upstream that last.
 */
import { Agent, createServer } from "node:http";
import { createRequire } from "node:module";

const [library, folder = "", port, upstreamPort] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const target = `http://127.0.0.1:${upstreamPort}`;

if (library === "http-proxy") {
  const { createProxyServer } = require("http-proxy");
  const proxy = createProxyServer({ target, agent: new Agent({ keepAlive: true }) });
  proxy.on("error", () => undefined);
  createServer((request, response) => proxy.web(request, response)).listen(
    Number(port),
    "127.0.0.1",
    4_096,
  );
} else {
  const app = require("fastify")();
  app.register(require("@fastify/http-proxy"), {
    upstream: target,
    undici: { connections: 1_024, pipelining: 1 },
  });
  await app.listen({ port: Number(port), host: "127.0.0.1" });
}
