import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { toCurl } from "../../dashboard/call/curl.ts";

const call = {
  kind: "request",
  method: "tools/call",
  path: "",
  headers: {
    "content-type": "application/json",
    authorization: "[redacted:authorization:1a2b3c4d]",
  },
  request_body: '{"a":"it\'s $HOME `id` \\\\ \\n"}',
  protocol_version: null,
  session_id: null,
} as const;
const server = { proxy_url: "https://hookwatch.example/p/abc" };

test("a shell reads back exactly what was recorded", () => {
  const command = toCurl(call, server).replace(/^curl /, "printf '%s\\0' ");
  const words = execFileSync("/bin/sh", ["-c", command], {
    env: { AUTHORIZATION: "Bearer t", HOME: "/nowhere" },
  });
  expect(words.toString().split("\0").slice(0, -1)).toEqual([
    ...["-sS", "-N", "https://hookwatch.example/p/abc"],
    ...["-H", "content-type: application/json", "-H", "authorization: Bearer t"],
    ...["--data-raw", call.request_body],
  ]);
});

test("what was no POST says so, and what curl makes itself is left out", () => {
  const text = toCurl(
    { ...call, kind: "http", method: "DELETE", request_body: "", headers: { host: "x" } },
    server,
  );
  expect(text).toContain("-X 'DELETE'");
  expect(text).not.toMatch(/host: x|--data/);
});
