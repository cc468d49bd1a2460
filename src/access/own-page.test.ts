import { expect, test } from "vitest";
import { csrfToken, demandOwnPage } from "./own-page.ts";

const publicUrl = "https://hookwatch.example";
const token = csrfToken(new Uint8Array(32), "a session");
const own = {
  origin: publicUrl,
  "x-csrf-token": token,
  "content-type": "application/json",
  "content-length": "2",
};

const demand = (
  fields: Readonly<Record<string, string>>,
  { method = "POST", url = publicUrl } = {},
) => demandOwnPage({ method, headers: new Headers(fields) }, url, token);

const without = (...names: readonly (keyof typeof own)[]) =>
  Object.fromEntries(Object.entries(own).filter(([name]) => !names.some((one) => one === name)));

test.for([
  ["all of it", own],
  ["a charset", { ...own, "content-type": "application/json; charset=utf-8" }],
  ["the type in capitals", { ...own, "content-type": "Application/JSON" }],
  ["no body and no type", without("content-type", "content-length")],
  ["an empty body and no type", { ...without("content-type"), "content-length": "0" }],
  ["the browser's word for the origin", { ...without("origin"), "sec-fetch-site": "same-origin" }],
] as const)("a page of ours passes with %s", ([, fields]) => {
  for (const method of ["POST", "PUT", "DELETE"]) demand(fields, { method });
});

test.for([
  ["no origin", without("origin")],
  ["another origin", { ...own, origin: "https://evil.example" }],
  ["another port", { ...own, origin: `${publicUrl}:8443` }],
  ["another scheme", { ...own, origin: "http://hookwatch.example" }],
  ["a sibling", { ...own, origin: "https://mcp.hookwatch.example" }],
  ["a sandboxed page", { ...own, origin: "null" }],
  ["an empty origin", { ...own, origin: "" }],
  [
    "a foreign origin that the browser calls same",
    { ...own, origin: "https://evil.example", "sec-fetch-site": "same-origin" },
  ],
  ["a navigation", { ...without("origin"), "sec-fetch-site": "none" }],
  ["a page of the same site", { ...without("origin"), "sec-fetch-site": "same-site" }],
  ["no token", without("x-csrf-token")],
  ["half a token", { ...own, "x-csrf-token": token.slice(0, 20) }],
  ["a longer token", { ...own, "x-csrf-token": `${token}x` }],
  [
    "the token of another session",
    { ...own, "x-csrf-token": csrfToken(new Uint8Array(32), "other") },
  ],
  [
    "the token of another installation",
    { ...own, "x-csrf-token": csrfToken(new Uint8Array(32).fill(1), "a session") },
  ],
  ["a body without a type", without("content-type")],
  [
    "chunks without a type",
    { ...without("content-type", "content-length"), "transfer-encoding": "chunked" },
  ],
  ["text", { ...own, "content-type": "text/plain" }],
  ["text with a parameter", { ...own, "content-type": "text/plain; application/json" }],
  ["two types", { ...own, "content-type": "application/json, text/plain" }],
  ["a type and no body", { ...without("content-length"), "content-type": "text/plain" }],
] as const)("nothing is changed with %s", ([, fields]) => {
  expect(() => demand(fields)).toThrow(expect.objectContaining({ code: "forbidden" }));
});

test("what only reads needs no proof", () => {
  for (const method of ["GET", "HEAD"]) demand({ origin: "https://evil.example" }, { method });
});

test.for(["get", "OPTIONS", "PATCH", "QUERY", ""])(
  "the method %j is not taken for one that reads",
  (method) => {
    expect(() => demand({}, { method })).toThrow();
  },
);

test("without TLS the name that was asked for counts, under its own scheme and port", () => {
  const url = "http://127.0.0.1:7070";
  const fields = { ...own, host: "localhost:7070", origin: "http://localhost:7070" };
  demand(fields, { url });
  for (const origin of ["http://localhost:3000", "https://localhost:7070", "http://localhost"])
    expect(() => demand({ ...fields, origin }, { url })).toThrow();
  // Behind TLS it does not: whoever serves that name without it may be anybody.
  const tls = { ...own, host: "hookwatch.example", origin: "http://hookwatch.example" };
  expect(() => demand(tls)).toThrow();
});
