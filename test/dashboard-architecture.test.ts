/** What holds for every file of the dashboard, read from its text. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../dashboard");
const linesMax = 300;
const bannedNames = new Set(
  "util utils helper helpers common shared misc lib core base manager service handler processor data info item types interfaces constants models".split(
    " ",
  ),
);

const files = below(root).map((path) => relative(root, path));
const sources = files.filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file));
const read = (file: string) => readFileSync(join(root, file), "utf8");

describe("the dashboard", () => {
  test("knows of the host the shapes of its API, as types, and nothing else", () => {
    const wrong = sources.flatMap((file) =>
      imports(file)
        .filter(({ path }) => path.startsWith(".."))
        .filter(({ path, typesOnly }) => !typesOnly || !/^\.\.\/src\/api\/[a-z-]+\.ts$/.test(path))
        .map(({ path }) => `${file} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test.for([
    {
      what: "markup from text",
      pattern: /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser/,
    },
    { what: "markup through React", pattern: /dangerouslySetInnerHTML/ },
    { what: "code from text", pattern: /\beval\(|new Function\(/ },
  ])("makes nothing of the kind: $what", ({ pattern }) => {
    expect(sources.filter((file) => pattern.test(withoutComments(read(file))))).toEqual([]);
  });

  test("asks the API through api.ts alone, and only the host's own pages without it", () => {
    const asking = sources.filter((file) =>
      /(?<![.\w])fetch\((?!"\/(?:readyz|healthz)")/.test(withoutComments(read(file))),
    );
    expect(asking).toEqual(["api.ts"]);
  });

  test("says in a header of every module what it is for", () => {
    expect(sources.filter((file) => !read(file).startsWith("/**"))).toEqual([]);
  });

  test("has no source longer than 300 lines, and no name that tells nothing", () => {
    const long = sources.filter((file) => read(file).split("\n").length - 1 > linesMax);
    const stems = (file: string) =>
      file.split("/").map((part) => basename(part).split(".")[0] ?? "");
    expect(long).toEqual([]);
    expect(sources.filter((file) => stems(file).some((stem) => bannedNames.has(stem)))).toEqual([]);
  });
});

/** Of the whole text of a file; paths that lead out of the dashboard begin with `..`. */
function imports(file: string): { path: string; typesOnly: boolean }[] {
  const pattern = /import\s+(type\s)?[^"']*?["']([^"']+)["']|import\(\s*["']([^"']+)["']/g;
  return [...read(file).matchAll(pattern)]
    .map(([, type, from, lazy]) => ({ name: from ?? lazy ?? "", typesOnly: type !== undefined }))
    .filter(({ name }) => name.startsWith("."))
    .map(({ name, typesOnly }) => ({
      path: relative(root, resolve(root, dirname(file), name)),
      typesOnly,
    }));
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, "");
}

function below(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? below(path) : [path];
  });
}
