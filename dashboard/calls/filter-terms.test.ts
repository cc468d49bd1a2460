import { describe, expect, test } from "vitest";
import { applyTerms, parseTerms, termText, unfinished } from "./filter-terms.ts";

const filterOf = (text: string) => applyTerms({}, parseTerms(text));

describe("terms of the search box", () => {
  test.for([
    { text: "status:error", filter: { status: ["error"] } },
    { text: "tool:a tool:b", filter: { tool_name: ["a", "b"] } },
    { text: "-client:cursor", filter: { exclude_client_name: ["cursor"] } },
    { text: 'tool:"get forecast"', filter: { tool_name: ["get forecast"] } },
    { text: 'tool:"a \\"b\\" c"', filter: { tool_name: ['a "b" c'] } },
    { text: "TOOL:x", filter: { tool_name: ["x"] } },
    { text: "night trains", filter: { q: "night trains" } },
    { text: '"night trains" status:error', filter: { q: '"night trains"', status: ["error"] } },
    { text: "http://example.com/a", filter: { q: "http://example.com/a" } },
    { text: "constructor:x __proto__:y", filter: { q: "constructor:x __proto__:y" } },
    { text: "status:", filter: { q: "status:" } },
    { text: "", filter: {} },
    { text: "duration:>500", filter: { min_duration_ms: "501" } },
    { text: "duration:>=500ms", filter: { min_duration_ms: "500" } },
    { text: "duration:<1.5s", filter: { max_duration_ms: "1499" } },
    { text: "duration:<=2s", filter: { max_duration_ms: "2000" } },
    { text: "duration:2m", filter: { min_duration_ms: "120000" } },
    { text: "duration:soon", filter: { q: "duration:soon" } },
  ])("$text", ({ text, filter }) => {
    expect(filterOf(text)).toEqual(filter);
  });

  test("what is typed is added to the filters that are set, text replaces text", () => {
    const before = { status: ["error"], q: "old", range: "1h" };
    expect(applyTerms(before, parseTerms("tool:x new"))).toEqual({
      status: ["error"],
      tool_name: ["x"],
      q: "new",
      range: "1h",
    });
  });

  test("including a value that was excluded turns it round", () => {
    expect(applyTerms({ exclude_method: ["ping"] }, parseTerms("method:ping"))).toEqual({
      method: ["ping"],
    });
  });

  test.for(["plain", "two words", 'with "quotes"', "", "a:b", "-minus"])(
    "a value is written so that it is read back: %s",
    (value) => {
      for (const exclude of [false, true]) {
        const [term] = parseTerms(termText("tool_name", value, exclude));
        expect(term).toEqual({ kind: "value", field: "tool_name", value, exclude });
      }
    },
  );

  test.for([
    { text: "", found: { start: 0, exclude: false, name: "", value: undefined } },
    { text: "sta", found: { start: 0, exclude: false, name: "sta", value: undefined } },
    { text: "a b -to", found: { start: 4, exclude: true, name: "to", value: undefined } },
    { text: "tool:get", found: { start: 0, exclude: false, name: "tool", value: "get" } },
    { text: 'x tool:"get f', found: { start: 2, exclude: false, name: "tool", value: "get f" } },
    { text: "status:error ", found: { start: 13, exclude: false, name: "", value: undefined } },
  ])("completion starts at the term being typed: '$text'", ({ text, found }) => {
    expect(unfinished(text)).toEqual(found);
  });
});
