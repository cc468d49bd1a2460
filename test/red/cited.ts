/** docs/security.md as data: which test is cited for which demand of which threat. */

export interface Citation {
  /** `T1`. */
  readonly threat: string;
  /** The first cell of the line. */
  readonly demand: string;
  readonly file: string;
  readonly title: string;
}

/** A file stands before the titles that are of it. */
export function citations(page: string): Citation[] {
  let threat = "";
  return page.split("\n").flatMap((line): Citation[] => {
    threat = /^### (T\d+) /.exec(line)?.[1] ?? threat;
    const demand = line.split("|")[1]?.trim() ?? "";
    let file = "";
    return [...line.matchAll(/`((?:src|test|dashboard)\/[\w./-]+\.ts)`|“([^”]+)”/g)].flatMap(
      ([, path, title]) => {
        file = path ?? file;
        return title === undefined ? [] : [{ threat, demand, file, title }];
      },
    );
  });
}

/** Whether both mean one test: a title may say less than the other, and have placeholders where the other has words. */
export function isSameTest(
  one: Pick<Citation, "file" | "title">,
  other: Pick<Citation, "file" | "title">,
): boolean {
  if (one.file !== other.file) return false;
  return isPart(one.title, other.title) || isPart(other.title, one.title);
}

/** A title as vitest's `-t` takes it: placeholders stand for whatever is put there. */
export function titlePattern(title: string): string {
  return title
    .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll(/%[a-z]|\\\$\\\{\w+\\\}|\\\$\w+/g, ".*");
}

function isPart(title: string, whole: string): boolean {
  return whole.includes(title) || new RegExp(titlePattern(title)).test(whole);
}
