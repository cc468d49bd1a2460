import { expect, test } from "vitest";
import { bodyPreview } from "./body-preview.ts";

test.for([
  { body: "abc", maxLength: 3, preview: "abc" },
  { body: "abc", maxLength: 2, preview: "ab" },
  { body: "a😀b", maxLength: 2, preview: "a😀" },
  { body: "a😀b", maxLength: 3, preview: "a😀" },
  { body: "a😀", maxLength: 2, preview: "a😀" },
  { body: "", maxLength: 1, preview: "" },
])("$body cut to $maxLength is $preview", ({ body, maxLength, preview }) => {
  expect(bodyPreview(body, maxLength)).toBe(preview);
});
