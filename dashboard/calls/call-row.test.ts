import { describe, expect, test } from "vitest";
import type { WireCall } from "../../src/api/wire.ts";
import { merged } from "./call-feed.ts";
import { type CallRow, searchedWords, toRow } from "./call-row.ts";

const row = (id: string, createdAtMs: number) => ({ id, createdAtMs }) as CallRow;
const ids = (rows: readonly CallRow[]) => rows.map(({ id }) => id).join("");

describe("rows of the list", () => {
  test.for([
    { name: "one after the other", a: "c5 b4", b: "a3", whole: "cba" },
    { name: "newer ones before", a: "b4 a3", b: "c5", whole: "cba" },
    { name: "a call that began earlier in its place", a: "d5 a2", b: "c4 b3", whole: "dcba" },
    { name: "of the same millisecond by id", a: "c1 a1", b: "b1", whole: "cba" },
    { name: "nothing to nothing", a: "", b: "", whole: "" },
    { name: "something to nothing", a: "", b: "a1", whole: "a" },
  ])("are joined newest first: $name", ({ a, b, whole }) => {
    const rows = (text: string) =>
      text
        .split(" ")
        .filter(Boolean)
        .map((each) => row(each[0] ?? "", Number(each.slice(1))));
    expect(ids(merged(rows(a), rows(b)))).toBe(whole);
  });

  test("a search is split into words and phrases, as the API does", () => {
    expect(searchedWords('Night "Slow Train" x')).toEqual(["night", "slow train", "x"]);
    expect(searchedWords(undefined)).toEqual([]);
  });

  test("a row notes where a searched word stands, else the error", () => {
    const call = {
      created_at: "2026-11-21T09:30:00.000Z",
      error_message: "no such city",
      response_body: `${"x".repeat(500)} Atlantis is lost`,
      request_body: "",
    } as WireCall;
    expect(toRow(call, ["atlantis"]).note).toContain("Atlantis is lost");
    expect(toRow(call, ["atlantis"]).note.length).toBeLessThan(300);
    expect(toRow(call, []).note).toBe("no such city");
  });

  test.for([
    {
      name: "arguments of a tool",
      method: "tools/call",
      body: '{"params":{"name":"x","arguments":{"city":"Oslo","days":3}}}',
      note: "city: Oslo, days: 3",
    },
    {
      name: "what another method is given",
      method: "resources/read",
      body: '{"params":{"uri":"travel://handbook","_meta":{"a":1}}}',
      note: "uri: travel://handbook",
    },
    { name: "no arguments", method: "tools/call", body: '{"params":{"name":"x"}}', note: "" },
    { name: "no parameters", method: "ping", body: '{"params":7}', note: "" },
    { name: "a list", method: "x", body: '[{"params":{}}]', note: "" },
    { name: "a cut body", method: "tools/call", body: '{"params":{"arg', note: "" },
  ])("a row without an error notes what was asked for: $name", ({ method, body, note }) => {
    const call = {
      created_at: "2026-11-21T09:30:00.000Z",
      method,
      error_message: "",
      response_body: "",
      request_body: body,
    } as WireCall;
    expect(toRow(call, []).note).toBe(note);
  });

  test("a row of who may not read bodies has no note", () => {
    const call = {
      created_at: "2026-11-21T09:30:00.000Z",
      error_message: null,
      response_body: null,
      request_body: null,
    } as unknown as WireCall;
    expect(toRow(call, ["word"]).note).toBe("");
  });
});
