/** A copy of the working tree in which things may be broken, one at a time. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

const leftOut: ReadonlySet<string> = new Set([
  ".git",
  ".installing",
  "data",
  "dist",
  "node_modules",
]);

export class Tree implements Disposable {
  readonly path: string;

  /** `root`: the tree to copy; what it has installed is used, not copied. */
  constructor(root: string) {
    this.path = mkdtempSync(join(tmpdir(), "hookwatch-red-"));
    cpSync(root, this.path, {
      recursive: true,
      filter: (from) => from === root || !leftOut.has(basename(from)),
    });
    symlinkSync(resolve(root, "node_modules"), join(this.path, "node_modules"));
    process.once("exit", () => this[Symbol.dispose]());
  }

  /** Puts `replace` where `find` is; undefined, with nothing changed, when that is not in exactly one place. */
  broken(source: string, find: string, replace: string): Disposable | undefined {
    const file = join(this.path, source);
    if (!isThereOnce(file, find)) return undefined;
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.split(find).join(replace));
    return { [Symbol.dispose]: () => writeFileSync(file, text) };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function isThereOnce(file: string, find: string): boolean {
  return existsSync(file) && readFileSync(file, "utf8").split(find).length === 2;
}
