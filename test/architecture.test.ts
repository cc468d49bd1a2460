/**
 * Who may import whom (ARCHITECTURE.md): nouns know nouns, stages know nouns, only host and cli join.
 * Reads the import statements; needs no compiler.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const anything = [/.*/];
const nouns = [/^[^/]+\.ts$/];

/** Layer of a file below src/ → what it may import of src/. The first match counts. */
const layers: readonly { readonly of: RegExp; readonly may: readonly RegExp[] }[] = [
  { of: /^[^/]+\.ts$/, may: nouns },
  { of: /^http\//, may: [/^http\//] },
  { of: /^edge\//, may: [...nouns, /^http\//, /^edge\//] },
  { of: /^proxy\//, may: [...nouns, /^http\//, /^proxy\//] },
  { of: /^capture\//, may: [...nouns, /^capture\//] },
  { of: /^ingest\//, may: [...nouns, /^ingest\//] },
  { of: /^store\/[^/]+\.ts$/, may: [...nouns, /^store\/[^/]+\.ts$/] },
  { of: /^store\/memory\//, may: [...nouns, /^store\/[^/]+\.ts$/, /^store\/memory\//] },
  { of: /^store\/sqlite\//, may: [...nouns, /^store\/[^/]+\.ts$/, /^store\/sqlite\//] },
  { of: /^access\//, may: [...nouns, /^store\/[^/]+\.ts$/, /^access\//] },
  { of: /^api\//, may: [...nouns, /^store\/[^/]+\.ts$/, /^access\//, /^api\//] },
  { of: /^(host|cli)\//, may: anything },
];

const bannedNames = new Set(
  "util utils helper helpers common shared misc lib core base manager service handler processor data info item types interfaces constants models index".split(
    " ",
  ),
);

/** Packages that only one module may use. */
const onlyIn: readonly { readonly what: RegExp; readonly where: RegExp }[] = [
  { what: /^node:(net|http)$/, where: /^(edge|proxy)\// },
  { what: /^node:child_process$/, where: /^cli\// },
  { what: /^node:sqlite$/, where: /^store\/sqlite\// },
];

/** Whoever opens connections to others takes them from `egress.ts`, each of these by its `connector`. */
const outbound = /^proxy\/(egress|dial|direct-line|outbound-fetch)\.ts$/;
/** What opens a connection, by what it is imported as; and which files may. */
const openers: readonly { readonly from: RegExp; readonly name: RegExp; readonly where: RegExp }[] =
  [
    { from: /^undici$/, name: /./, where: /^proxy\/(egress|outbound-fetch)\.ts$/ },
    { from: /^node:net$/, name: /^(connect|createConnection|Socket|\*)$/, where: outbound },
    // Over a pair of streams of its own: there is no socket.
    { from: /^node:http$/, name: /^(request|get|Agent|\*)$/, where: /^edge\/inner-line\.ts$/ },
    { from: /^node:tls$/, name: /./, where: outbound },
    { from: /^node:dns(\/promises)?$/, name: /./, where: /^proxy\/egress\.ts$/ },
    { from: /^node:(https|http2|dgram|quic)$/, name: /./, where: /^$/ },
  ];

const files = filesBelow(join(root, "src")).map((path) => relative(join(root, "src"), path));
const sources = files.filter((file) => file.endsWith(".ts"));

describe("architecture", () => {
  test("every file belongs to a layer", () => {
    expect(sources.filter((file) => !layers.some((layer) => layer.of.test(file)))).toEqual([]);
  });

  test("every layer imports only what the table allows", () => {
    expect(sources.filter((file) => !isTest(file)).flatMap(forbiddenImports)).toEqual([]);
  });

  test("nothing imports a test", () => {
    const wrong = sources
      .filter((file) => !isTest(file))
      .filter((file) => importsOf(file).some(isTest));
    expect(wrong).toEqual([]);
  });

  test("sockets, databases and processes are opened only where they belong", () => {
    const wrong = sources
      .filter((file) => !isTest(file))
      .flatMap((file) => packagesOf(file).map((name) => ({ file, name })))
      .filter(({ file, name }) =>
        onlyIn.some(({ what, where }) => what.test(name) && !where.test(file)),
      );
    expect(wrong).toEqual([]);
  });

  test("only the modules behind the egress rule open connections to others", () => {
    const code = sources.filter((file) => !isTest(file));
    expect(code.filter((file) => outbound.test(file) && !/egress/i.test(read(file)))).toEqual([]);
    const wrong = code.flatMap((file) =>
      valuesImported(file)
        .filter(({ from, name }) =>
          openers.some(
            (one) => one.from.test(from) && one.name.test(name) && !one.where.test(file),
          ),
        )
        .map(({ from, name }) => `${file} imports ${name} of ${from}`),
    );
    expect(wrong).toEqual([]);
  });

  test("nothing asks the web past the egress rule by what is global, or by a library's own way", () => {
    const globals =
      /(?<![.\w])(?:globalThis\.)?(?:fetch\(|new (?:WebSocket|EventSource|XMLHttpRequest)\b)/;
    const code = sources.filter((file) => !isTest(file));
    expect(code.filter((file) => globals.test(withoutComments(read(file))))).toEqual([]);
    const askers = code.filter((file) => packagesOf(file).includes("openid-client"));
    expect(askers.filter((file) => !/\bcustomFetch\b/.test(read(file)))).toEqual([]);
  });

  test("no file or folder has a name that tells nothing", () => {
    const stems = (file: string) =>
      file.split("/").map((part) => basename(part).split(".")[0] ?? "");
    expect(files.filter((file) => stems(file).some((stem) => bannedNames.has(stem)))).toEqual([]);
  });

  test("no source is longer than 300 lines", () => {
    const lines = (file: string) => read(file).split("\n").length - 1;
    expect(sources.filter((file) => !isTest(file) && lines(file) > 300)).toEqual([]);
  });

  test("every module says in a header what it is for", () => {
    expect(sources.filter((file) => !isTest(file) && !read(file).startsWith("/**"))).toEqual([]);
  });
});

function forbiddenImports(file: string): string[] {
  const layer = layers.find(({ of }) => of.test(file));
  return importsOf(file)
    .filter((target) => !layer?.may.some((allowed) => allowed.test(target)))
    .map((target) => `${file} imports ${target}`);
}

/** Paths below src/ that a file imports, types included. */
function importsOf(file: string): string[] {
  return specifiers(file)
    .filter((name) => name.startsWith("."))
    .map((name) => relative(join(root, "src"), resolve(root, "src", dirname(file), name)));
}

function packagesOf(file: string): string[] {
  return specifiers(file).filter((name) => !name.startsWith("."));
}

function specifiers(file: string): string[] {
  // `new URL(…)` is how the entries of worker threads are named.
  const pattern = /(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*["'`]([^"'`]+)["'`]/g;
  return [...withoutComments(read(file)).matchAll(pattern)].map((match) => match[1] ?? "");
}

/** What a file imports to use it, types left out; `*` for all of a module. */
function valuesImported(file: string): { readonly from: string; readonly name: string }[] {
  const pattern = /^import\s+(?!type\b)([^"]+?)\s+from\s+"([^"]+)"/gm;
  return [...read(file).matchAll(pattern)].flatMap(([, what = "", from = ""]) =>
    what.startsWith("{")
      ? what
          .slice(1, -1)
          .split(",")
          .map((one) => one.trim())
          .filter((one) => one !== "" && !one.startsWith("type "))
          .map((one) => ({ from, name: one.split(/\s+as\s+/)[0] ?? one }))
      : [{ from, name: "*" }],
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

function read(file: string): string {
  return readFileSync(join(root, "src", file), "utf8");
}

function isTest(file: string): boolean {
  return file.endsWith(".test.ts");
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
