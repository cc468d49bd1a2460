/** The dashboard is built when it is missing or older than its sources, by the real build, in a small copy of the project. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const config =
  'export default { root: "dashboard", build: { outDir: "../dist/dashboard", emptyOutDir: true } };\n';
const nothing = async () => undefined;

interface Builder {
  isBuilt(): boolean;
  buildDashboard(
    prepare: () => Promise<void>,
    say: (message: string) => void,
  ): Promise<string | undefined>;
}

let project = "";
let builder: Builder;
let said: string[] = [];
const say = (message: string) => void said.push(message);
const file = (...path: string[]) => join(project, ...path);
const page = () => readFileSync(file("dist", "dashboard", "index.html"), "utf8");
const failureFile = () => file("dist", "dashboard-failure.txt");

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "hookwatch-build-"));
  said = [];
  for (const folder of ["tools", "bin"])
    cpSync(join(root, folder), file(folder), { recursive: true });
  symlinkSync(join(root, "node_modules"), file("node_modules"));
  writeFileSync(file("package.json"), '{"type":"module"}');
  writeFileSync(file("package-lock.json"), "{}");
  writeFileSync(file("vite.config.ts"), config);
  mkdirSync(file("dashboard"));
  writeFileSync(file("dashboard", "index.html"), "<p>first</p>");
  builder = createRequire(file("tools", "x"))("./build-dashboard.cjs") as Builder;
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

describe("building the dashboard", () => {
  test("what is missing is built, once", async () => {
    expect(builder.isBuilt()).toBe(false);
    expect(await builder.buildDashboard(nothing, say)).toBeUndefined();
    expect(page()).toContain("first");
    expect(builder.isBuilt()).toBe(true);
    await builder.buildDashboard(() => Promise.reject(new Error("asked again")), say);
    expect(said).toEqual(["building the dashboard …"]);
  });

  test("a changed source, or another version of a package, is built anew", async () => {
    await builder.buildDashboard(nothing, say);
    writeFileSync(file("dashboard", "index.html"), "<p>second</p>");
    expect(builder.isBuilt()).toBe(false);
    await builder.buildDashboard(nothing, say);
    expect(page()).toContain("second");
    writeFileSync(file("package-lock.json"), '{"packages":{}}');
    expect(builder.isBuilt()).toBe(false);
  });

  test("a changed test is no reason to build", async () => {
    await builder.buildDashboard(nothing, say);
    writeFileSync(file("dashboard", "page.test.ts"), "");
    expect(builder.isBuilt()).toBe(true);
  });

  test("a build that fails leaves the one before, and why it failed", async () => {
    await builder.buildDashboard(nothing, say);
    writeFileSync(file("dashboard", "index.html"), '<script type="module" src="/no.js"></script>');
    const failure = await builder.buildDashboard(nothing, say);
    expect(failure).toMatch(/^The dashboard could not be built: /);
    expect(readFileSync(failureFile(), "utf8").trim()).toBe(failure);
    expect(page()).toContain("first");
    writeFileSync(file("dashboard", "index.html"), "<p>third</p>");
    expect(await builder.buildDashboard(nothing, say)).toBeUndefined();
    expect(existsSync(failureFile())).toBe(false);
  });

  test("tools that cannot be installed are a reason, not an error", async () => {
    const unreachable = () => Promise.reject(new Error("the registry is out of reach"));
    expect(await builder.buildDashboard(unreachable, say)).toBe(
      "The dashboard could not be built: the registry is out of reach",
    );
    expect(readFileSync(failureFile(), "utf8")).toContain("out of reach");
  });

  test("an installed product brings its build and no sources", () => {
    rmSync(file("dashboard"), { recursive: true });
    expect(builder.isBuilt()).toBe(true);
  });
});
