import { expect, test } from "vitest";
import { toStreamId } from "./legacy-endpoint.ts";

const sealed = (path: string) =>
  `/~endpoint.${Buffer.from(path).toString("base64url")}.q83vEjRWeJCrze8SNFZ4kA`;

test.for([
  ["/messages?sessionId=a%20b'", `${sealed("/messages")}?sessionId=a%20b%27`],
  ["http://up.example/mcp/message?sessionId=a#x", `${sealed("/mcp/message")}?sessionId=a`],
  [" messages/?session_id=a", "/messages/?session_id=a"],
  ["?sessionId=a", `/p/slug${sealed("/sse")}?sessionId=a`],
  ["messages/a", sealed("/base/messages/a")],
  ["/messages/a", "http://localhost/p/slug/messages/a"],
] as const)("a reference and what a client makes of it name one stream: %s, %s", ([told, used]) => {
  const id = toStreamId(told);
  expect(id).toMatch(/a/);
  expect(toStreamId(used)).toBe(id);
});

test.for(["", "/", "/messages/", "http://[", sealed("/")])("no session is in %j", (target) => {
  expect(toStreamId(target)).toBeUndefined();
});

test("streams of different sessions have different names", () => {
  const targets = ["/m?a", "/m?b", "/m/a2", sealed("/m/b2"), sealed("/m/c2")];
  expect(new Set(targets.map(toStreamId)).size).toBe(targets.length);
});
