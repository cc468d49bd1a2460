import { describe, expect, test } from "vitest";
import { parseSearch, stringifySearch } from "../search-params.ts";
import {
  choiceOf,
  choose,
  cleared,
  filterKey,
  isNarrow,
  isOpen,
  parseCallFilter,
  rangeOf,
  toQuery,
  withRange,
  withWindow,
} from "./call-filter.ts";

const nowMs = Date.UTC(2026, 10, 21, 9, 30);

describe("the filter of the list", () => {
  test("an address is read and written back the same", () => {
    const address = "?status=error&status=timeout&tool_name=&q=a+b&range=1h";
    expect(stringifySearch(parseCallFilter(parseSearch(address)))).toBe(address);
  });

  test("what the list does not know stays out of it", () => {
    expect(parseCallFilter(parseSearch("?__proto__=x&evil=1&status=error"))).toEqual({
      status: ["error"],
    });
  });

  test("text longer than the API takes is no filter", () => {
    expect(parseCallFilter({ q: "x".repeat(1_001), tool_name: ["y".repeat(1_001)] })).toEqual({});
  });

  test.for([
    { filter: {}, from: nowMs - 86_400_000 },
    { filter: { range: "15m" }, from: nowMs - 900_000 },
    { filter: { range: "nonsense" }, from: nowMs - 86_400_000 },
    { filter: { range: "constructor" }, from: nowMs - 86_400_000 },
  ])("a relative range is asked as a beginning, and ends open: $filter", ({ filter, from }) => {
    expect(toQuery(filter, nowMs)).toEqual({ from: new Date(from).toISOString() });
  });

  test("all time has neither beginning nor end", () => {
    expect(toQuery({ range: "all" }, nowMs)).toEqual({});
  });

  test("the call that is open is no filter", () => {
    expect(toQuery({ range: "all", call: "x" }, nowMs)).toEqual({});
    expect(filterKey({ call: "x", q: "a" })).toBe(filterKey({ q: "a" }));
  });

  test("an absolute window overrules a relative range, and the other way round", () => {
    const window = withWindow({ range: "1h", q: "a" }, 0, 1_000);
    expect(window).toEqual({
      q: "a",
      from: "1970-01-01T00:00:00.000Z",
      to: "1970-01-01T00:00:01.000Z",
    });
    expect(rangeOf(window)).toBeUndefined();
    expect(withRange(window, "6h")).toEqual({ q: "a", range: "6h" });
    expect(withRange(window, "24h")).toEqual({ q: "a" });
  });

  test("nothing new can come to a window that has ended", () => {
    expect(isOpen({ to: new Date(nowMs - 1).toISOString() }, nowMs)).toBe(false);
    expect(isOpen({ to: new Date(nowMs + 1).toISOString() }, nowMs)).toBe(true);
    expect(isOpen({ from: "2020-01-01" }, nowMs)).toBe(true);
  });

  test("a value is included, excluded, alone, or none of these", () => {
    const two = choose(choose({}, "method", "a", "include"), "method", "b", "include");
    expect(two).toEqual({ method: ["a", "b"] });
    const turned = choose(two, "method", "a", "exclude");
    expect(turned).toEqual({ method: ["b"], exclude_method: ["a"] });
    expect(choiceOf(turned, "method", "a")).toBe("exclude");
    expect(choiceOf(turned, "method", "b")).toBe("include");
    expect(choose(turned, "method", "c", "only")).toEqual({ method: ["c"] });
    expect(choose({ method: ["a"] }, "method", "a", "none")).toEqual({});
  });

  test("clearing leaves the time and the open call", () => {
    const filter = { status: ["error"], q: "a", range: "1h", call: "x" };
    expect(cleared(filter)).toEqual({ range: "1h", call: "x" });
    expect(isNarrow(filter)).toBe(true);
    expect(isNarrow(cleared(filter))).toBe(false);
  });
});
