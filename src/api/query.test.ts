import { describe, expect, test } from "vitest";
import { ownerOf } from "../../test/api/rig.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import { listParameters, toPageQuery } from "./query.ts";
import { readQuery } from "./query-fields.ts";

const parse = (query: string) =>
  toPageQuery(readQuery(listParameters, `http://localhost/v1/mcp/calls?${query}`), ownerOf("t"));

function detailsOf(query: string): readonly { field: string; message: string }[] {
  try {
    parse(query);
  } catch (error) {
    if (error instanceof Problem && error.code === "validation_error") return error.details;
    throw error;
  }
  throw new Error(`?${query} was taken`);
}

const dateMessage = (value: string) =>
  "must be an ISO 8601 date or date-time with offset, such as 2026-11-20 or " +
  `2026-11-20T08:30:00Z, is ${JSON.stringify(value)}`;
const limit = "must be a whole number from 1 to 1000, is";
const offset = "must be a whole number from 0 to 10000000, is";

describe("a query is refused with the name of the field and the limit", () => {
  test.for([
    ["limit=0", "limit", `${limit} "0"`],
    ["limit=1001", "limit", `${limit} "1001"`],
    ["limit=-1", "limit", `${limit} "-1"`],
    ["limit=ten", "limit", `${limit} "ten"`],
    ["limit=1e2", "limit", `${limit} "1e2"`],
    ["limit=0x10", "limit", `${limit} "0x10"`],
    ["limit=%2010", "limit", `${limit} " 10"`],
    ["limit=", "limit", `${limit} ""`],
    ["limit=99999999999999999999", "limit", `${limit} "99999999999999999999"`],
    ["limit=1&limit=2", "limit", "is given 2 times, must be given once"],
    ["offset=-1", "offset", `${offset} "-1"`],
    ["offset=10000001", "offset", `${offset} "10000001"`],
    ["server_id=7", "server_id", 'must be a UUID, is "7"'],
    ["server_id=", "server_id", 'must be a UUID, is ""'],
    [`server_id=${newId()}&server_id=x`, "server_id", 'must be a UUID, is "x"'],
    ["parent_id=", "parent_id", 'must be a UUID, is ""'],
    ["logical_id=x", "logical_id", 'must be a UUID, is "x"'],
    ["status=ok", "status", 'must be one of success, error, timeout, is "ok"'],
    ["status=Success", "status", 'must be one of success, error, timeout, is "Success"'],
    ["kind=x", "kind", 'must be one of request, notification, http, is "x"'],
    ["direction=up", "direction", 'must be one of client, server, is "up"'],
    [
      "error_kind=none",
      "error_kind",
      'must be one of http, jsonrpc, tool, transport, timeout, cancelled, policy, empty, is "none"',
    ],
    ["from=yesterday", "from", dateMessage("yesterday")],
    ["from=2026-02-30", "from", dateMessage("2026-02-30")],
    ["from=2026-13-01", "from", dateMessage("2026-13-01")],
    ["from=2026-11-20T25:00:00Z", "from", dateMessage("2026-11-20T25:00:00Z")],
    ["from=2026-11-20T08:60:00Z", "from", dateMessage("2026-11-20T08:60:00Z")],
    ["from=2026-11-20T08:30:60Z", "from", dateMessage("2026-11-20T08:30:60Z")],
    ["from=2026-11-20T08:30:00", "from", dateMessage("2026-11-20T08:30:00")],
    ["from=2026-11-20T08:30:00-24:00", "from", dateMessage("2026-11-20T08:30:00-24:00")],
    ["from=1700000000", "from", dateMessage("1700000000")],
    ["from=20261120", "from", dateMessage("20261120")],
    ["to=", "to", dateMessage("")],
    ["from=2026-11-21&to=2026-11-20", "from", "must not be greater than to"],
    [
      "min_duration_ms=2&max_duration_ms=1",
      "min_duration_ms",
      "must not be greater than max_duration_ms",
    ],
    [
      "min_duration_ms=-1",
      "min_duration_ms",
      'must be a whole number from 0 to 1000000000000, is "-1"',
    ],
    [`q=${"x".repeat(1_001)}`, "q", "is 1001 characters long, the limit is 1000"],
    [`method=${"x".repeat(1_001)}`, "method", "is 1001 characters long, the limit is 1000"],
    ["method=a&".repeat(101), "method", "is given 101 times, the limit is 100"],
  ] as const)("%s", ([query, field, message]) => {
    expect(detailsOf(query)).toEqual([{ field, message }]);
  });

  test.for([
    "foo",
    "__proto__",
    "constructor",
    "toString",
    "Limit",
    "limit[]",
    "server_ids",
    "team_id",
  ])("an unknown parameter: %s", (name) => {
    const details = detailsOf(`${encodeURIComponent(name)}=1`);
    expect(details).toEqual([
      { field: name, message: expect.stringMatching(/^is unknown, known: /) },
    ]);
  });

  test("every wrong parameter at once", () => {
    const fields = detailsOf("nope=1&limit=0&status=x&from=y").map(({ field }) => field);
    expect(fields.toSorted()).toEqual(["from", "limit", "nope", "status"]);
  });

  test("a long value is cut in the message", () => {
    expect(detailsOf(`limit=${"9".repeat(5_000)}`)[0]?.message.length).toBeLessThan(200);
  });
});

test("an empty query asks for the first fifty calls of all", () => {
  expect(parse("")).toEqual({ limit: 50, offset: 0, bodyMaxLength: 16_385 });
});

test("every exclusion has its place in the query", () => {
  const id = newId();
  const query =
    `exclude_server_id=${id}&exclude_method=a&exclude_method=b&exclude_tool_name=&exclude_status=error` +
    "&exclude_kind=http&exclude_direction=server&exclude_session_id=s&exclude_client_name=c&exclude_error_kind=";
  expect(parse(query)).toEqual({
    exclude: {
      ...{ serverIds: [id], methods: ["a", "b"], toolNames: [""], statuses: ["error"] },
      ...{ kinds: ["http"], directions: ["server"], sessionIds: ["s"], clientNames: ["c"] },
      errorKinds: [""],
    },
    ...{ limit: 50, offset: 0, bodyMaxLength: 16_385 },
  });
});

test("every parameter has its place in the query", () => {
  const id = newId();
  const query =
    `server_id=${id}&method=a&method=b&tool_name=t&status=error&kind=http&direction=server` +
    "&session_id=s&client_name=c&error_kind=tool&min_duration_ms=1&max_duration_ms=2" +
    "&from=2026-11-20&to=2026-11-21&q=two%20words&limit=7&offset=3&cursor=abc";
  expect(parse(query)).toEqual({
    ...{ serverIds: [id], methods: ["a", "b"], toolNames: ["t"], statuses: ["error"] },
    ...{ kinds: ["http"], directions: ["server"], sessionIds: ["s"], clientNames: ["c"] },
    ...{ errorKinds: ["tool"], minDurationMs: 1, maxDurationMs: 2, text: "two words" },
    window: { sinceMs: Date.parse("2026-11-20"), untilMs: Date.parse("2026-11-21") },
    ...{ limit: 7, offset: 3, cursor: "abc", bodyMaxLength: 16_385 },
  });
});

describe("a time means", () => {
  test.for([
    ["2026-11-20", "2026-11-20T00:00:00.000Z"],
    ["2026-11-20T08:30Z", "2026-11-20T08:30:00.000Z"],
    ["2026-11-20t08:30:01z", "2026-11-20T08:30:01.000Z"],
    ["2026-11-20T08:30:01.5Z", "2026-11-20T08:30:01.500Z"],
    ["2026-11-20T08:30:01.123000Z", "2026-11-20T08:30:01.123Z"],
    // The first whole millisecond that is not before it.
    ["2026-11-20T08:30:01.123001Z", "2026-11-20T08:30:01.124Z"],
    ["2026-11-20T08:30:00%2B05:30", "2026-11-20T03:00:00.000Z"],
    ["2026-11-20T08:30:00-08:00", "2026-11-20T16:30:00.000Z"],
    ["2026-11-20T08:30:00+01:00", "2026-11-20T07:30:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["1969-12-31", "1969-12-31T00:00:00.000Z"],
  ])("%s is %s", ([written, meant]) => {
    expect(parse(`from=${written}`).window).toEqual({ sinceMs: Date.parse(meant ?? "") });
  });
});
