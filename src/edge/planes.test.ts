import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { planes } from "./planes.ts";

test.for([
  ["/p/abc", "data"],
  ["/p/", "data"],
  ["/p/abc/v1/x", "data"],
  ["/p", "rest"],
  ["/P/abc", "rest"],
  ["//p/abc", "rest"],
  ["/v1/mcp/calls?x=/p/", "api"],
  ["/v1/mcp/calls/stream", "stream"],
  ["/v1", "rest"],
  ["/healthz", "health"],
  ["/healthz?verbose", "health"],
  ["/healthz/", "rest"],
  ["/healthzz", "rest"],
  ["/", "rest"],
  ["", "rest"],
] as const)("%j is for %s", ([url, name]) => {
  const taken: string[] = [];
  const plane = (one: string) => () => void taken.push(one);
  const route = planes(
    {
      "/v1/": plane("api"),
      "/v1/mcp/calls/stream/": plane("never"),
      "/p/": plane("data"),
      "/healthz": plane("health"),
      "/v1/mcp/calls/stream": plane("stream"),
    },
    plane("rest"),
  );
  route({ url } as IncomingMessage, {} as ServerResponse);
  expect(taken).toEqual([name]);
});
