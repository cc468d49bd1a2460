import { expect, test } from "vitest";
import { server } from "../../test/proxy/rig.ts";
import { Directory } from "./directory.ts";
import { isPlainPath, splitPath, toTarget, upstreamPath } from "./target.ts";

const of = (targetUrl: string) => toTarget(server(targetUrl));

test.for([
  ["/p/abc", { slug: "abc", rest: "", query: "" }],
  ["/p/abc/", { slug: "abc", rest: "/", query: "" }],
  ["/p/abc/x/y?z=/1?2", { slug: "abc", rest: "/x/y", query: "?z=/1?2" }],
  ["/p/abc?x=/y", { slug: "abc", rest: "", query: "?x=/y" }],
  ["/p/", { slug: "", rest: "", query: "" }],
  ["/p", undefined],
  ["/px/abc", undefined],
  ["http://h/p/abc", undefined],
] as const)("a request target is taken apart as it stands: %s", ([raw, parts]) => {
  expect(splitPath(raw)).toEqual(parts);
});

test.for([
  ["http://h/mcp", "", "", "/mcp"],
  ["http://h", "", "", "/"],
  ["http://h", "/x", "", "/x"],
  ["http://h/", "/", "", "/"],
  ["http://h/a/", "/x", "", "/a/x"],
  ["http://h/a", "/x/", "", "/a/x/"],
  ["http://h/a?k=1", "", "", "/a?k=1"],
  ["http://h/a?k=1", "/x", "?l=2", "/a/x?k=1&l=2"],
  ["http://h/a", "", "?l=2", "/a?l=2"],
  ["http://h/a?k=1", "", "?", "/a?k=1"],
  ["http://h/a", "/http://evil/x", "", "/a/http://evil/x"],
] as const)("%s with %s%s is %s", ([url, rest, query, path]) => {
  expect(upstreamPath(of(url), { slug: "s", rest, query })).toBe(path);
});

test.for([
  ["?key=evil", "/a?key=1&team=a"],
  ["?x=1&key=evil&y=2", "/a?key=1&team=a&x=1&y=2"],
  ["?k%65y=evil", "/a?key=1&team=a"],
  ["?key[]=evil&key[0]=evil", "/a?key=1&team=a"],
  ["?key%5B%5D=evil", "/a?key=1&team=a"],
  ["?key", "/a?key=1&team=a"],
  ["?KEY=2&keys=3&=4", "/a?key=1&team=a&KEY=2&keys=3&=4"],
  ["?a=1&a=2&&b=%2F%20+&c&", "/a?key=1&team=a&a=1&a=2&&b=%2F%20+&c&"],
  ["?%ff=1&%=2&%zz=3", "/a?key=1&team=a&%ff=1&%=2&%zz=3"],
] as const)("no client overrides a parameter of the server's URL: %s", ([query, path]) => {
  const target = of("http://h/a?key=1&team=a");
  expect(upstreamPath(target, { slug: "s", rest: "", query })).toBe(path);
});

test.for([
  "",
  "/",
  "/x",
  "/.well-known/openid-configuration",
  "/a.b/..c/d..",
  "/a%20b",
  "/%25",
  "/...",
  "/a:b@c",
])("a path that can be read in one way only passes: %j", (rest) => {
  expect(isPlainPath({ slug: "s", rest, query: "?../%2e%2f//" })).toBe(true);
});

test.for([
  "/..",
  "/../x",
  "/x/..",
  "/.",
  "/x/./y",
  "//x",
  "/x//y",
  "/x//",
  "/%2e%2e/x",
  "/..;/x",
  "/%252e%252e/x",
  "/a%25252fb",
  "/x%2Fy",
  "/x%5cy",
  "/x\\y",
  "/x%00",
  "/x\u0001",
  "/x\u007f",
  "/x#y",
])("a path that can be read in two ways does not: %j", (rest) => {
  expect(isPlainPath({ slug: "s", rest, query: "" })).toBe(false);
});

test("the origin keeps the port and nothing that is not part of it", () => {
  expect(of("https://example.com:8443/mcp?x=1")).toEqual({
    serverId: "s1",
    teamId: "t1",
    origin: "https://example.com:8443",
    path: "/mcp",
    query: "?x=1",
    captureLevel: "redacted",
  });
});

test("the directory finds active servers by the slug they have now", () => {
  const directory = new Directory();
  const one = server("http://h/1", { slug: "one" });
  directory.put(one);
  expect(directory.find("one")?.path).toBe("/1");
  directory.put({ ...one, targetUrl: "http://h/2" });
  expect(directory.find("one")?.path).toBe("/2");
  directory.put({ ...one, isActive: false });
  expect(directory.find("one")).toBeUndefined();
  expect(directory.size).toBe(1);
  directory.put({ ...one, slug: "two" });
  expect(directory.find("one")).toBeUndefined();
  expect(directory.find("two")?.path).toBe("/1");
  directory.remove(one);
  expect(directory.find("two")).toBeUndefined();
  expect(directory.size).toBe(0);
});
