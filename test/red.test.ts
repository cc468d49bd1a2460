/** Each test that docs/security.md cites has a break that it must notice; `npm run red` sees to it that it does. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Citation, citations, isSameTest } from "./red/cited.ts";
import { excused } from "./red/excused.ts";
import { table } from "./red/table.ts";

const cited = citations(readFileSync("docs/security.md", "utf8"));
const broken = table.map(({ threat, test: file, title }) => ({ threat, file, title }));

const isCited = ({ file, title }: Pick<Citation, "file" | "title">) =>
  cited.some((citation) => citation.file === file && citation.title === title);

/** What has the very title of one citation is none of another's, though placeholders would fit. */
function covers(one: Pick<Citation, "file" | "title">, citation: Citation): boolean {
  return isCited(one)
    ? one.file === citation.file && one.title === citation.title
    : isSameTest(citation, one);
}

test("every test that the page cites has a break, or a reason why there is none", () => {
  const none = cited.filter(
    (citation) => ![...broken, ...excused].some((one) => covers(one, citation)),
  );
  expect(none.map(({ file, title }) => `${file}: ${title}`)).toEqual([]);
});

test("every break is of a test that the page cites for that threat, and every excuse of a cited one", () => {
  const strays = broken.filter(
    (one) => !cited.some((citation) => citation.threat === one.threat && covers(one, citation)),
  );
  expect(strays).toEqual([]);
  expect(excused.filter((one) => !cited.some((citation) => isSameTest(citation, one)))).toEqual([]);
});

test("no break leaves what it breaks as it is", () => {
  expect(table.filter(({ find, replace }) => find === "" || find === replace)).toEqual([]);
});
