import { expect, test } from "vitest";
import { includesTerms, searchTerms } from "./search-terms.ts";

test.for([
  { query: "abc", text: "xABCx", found: true },
  { query: "ABC", text: "xabcx", found: true },
  { query: "abc", text: "ab c", found: false },
  { query: "é", text: "É", found: false },
  { query: "É", text: "caf\u00c9", found: true },
  { query: "k", text: "\u212a", found: false },
  { query: "[a-z]", text: "m", found: false },
  { query: "😀", text: "x😀y", found: true },
  // The two share their first three bytes and no character.
  { query: "😀", text: "😁", found: false },
  { query: "@", text: "`", found: false },
  { query: "b\u00a0a", text: "a b", found: true },
  { query: "", text: "", found: true },
])("$query in $text: $found", ({ query, text, found }) => {
  expect(includesTerms([text], searchTerms(query))).toBe(found);
});

test("every term must occur, each in any of the texts", () => {
  expect(includesTerms(["one", "two"], searchTerms("two one"))).toBe(true);
  expect(includesTerms(["one", "two"], searchTerms("two three"))).toBe(false);
  expect(includesTerms(["one", "two"], searchTerms("onetwo"))).toBe(false);
});

test.for([
  { query: '"two words"', text: "two words", found: true },
  { query: '"two words"', text: "words, two", found: false },
  { query: '"two words" three', text: "three two words", found: true },
  { query: '"two  words"', text: "two words", found: false },
  { query: '""', text: "", found: true },
  { query: 'a"b c"d', text: "d b c a", found: true },
  { query: '"open', text: "open", found: false },
  { query: '"open', text: 'open"', found: true },
  { query: '"a" "b', text: 'b a "', found: true },
  { query: '"a" "b', text: "b a", found: false },
  { query: '"a"b', text: "ba", found: true },
  { query: '"TWO Words"', text: "two wORDS", found: true },
  { query: '"two\twords"', text: "two words", found: false },
  { query: '" "', text: "a b", found: true },
  { query: '" "', text: "ab", found: false },
  { query: '"a"', text: "a", found: true },
  { query: '"""', text: 'x"', found: true },
  { query: '"""', text: "x", found: false },
])("phrases: $query in $text: $found", ({ query, text, found }) => {
  expect(includesTerms([text], searchTerms(query))).toBe(found);
});

test.for([
  { query: "", terms: [] },
  { query: ' \n\t ""', terms: [] },
  { query: "a a  A", terms: ["a", "a"] },
  { query: 'x"y z"w', terms: ["x", "y z", "w"] },
  { query: 'say "Grüß Gott" TWICE', terms: ["say", "grüß gott", "twice"] },
])("the terms of $query are $terms", ({ query, terms }) => {
  expect(searchTerms(query).map((term) => term.toString())).toEqual(terms);
});
