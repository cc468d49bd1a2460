/**
 * No regular expression of ours takes more than linear time, whatever text it meets: each is run, in a thread that can
 * be stopped, on long repetitions of whatever it is made of, followed by what makes it fail.
 *
 * What this cannot prove, `recheck` can: https://makenowjust-labs.github.io/recheck/
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

const sources = fileURLToPath(new URL("../src", import.meta.url));
const attackLength = 12_000;
/** Linear ones take some microseconds for that length, quadratic ones 50 milliseconds and more. */
const attackMaxMs = 15;
const stuckMs = 3_000;
const everyMaxMs = 100_000;

interface Pattern {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

/** Not on text from outside. */
const excused: Readonly<Record<string, string>> = {
  "host/config.ts /\\/+$/": "the operator's own setting, of a few characters",
  "api/invitations.ts /\\/+$/": "the same setting",
  "api/to-wire-server.ts /\\/+$/": "the same setting",
  "access/passwords.ts /=+$/": "the end of a digest, of a fixed length",
};

test("no regular expression takes more than linear time", { timeout: everyMaxMs }, async () => {
  const patterns = globSync("**/*.ts", { cwd: sources })
    .filter((file) => !file.endsWith(".test.ts"))
    .flatMap((file) => patternsOf(file, readFileSync(`${sources}/${file}`, "utf8")));
  expect(patterns.length).toBeGreaterThan(200);
  const slow = await attacked(patterns.filter(({ where }) => !(where in excused)));
  expect(slow).toEqual([]);
});

test.for(["^[A-Z](?:\\??[.:][A-Z?]+)+$", "\\\\+$", "(?:x|xy?)*z", "^(?:\\s|bearer\\s*)+x"])(
  "what does is noticed: %s",
  { timeout: everyMaxMs },
  async (source) => {
    expect(await attacked([{ where: source, source, flags: "" }])).toEqual([source]);
  },
);

const literal =
  /(?<=^|[=(,:!&|?[{};\s])\/((?:[^/\\\n[*]|\\.|\[(?:[^\]\\\n]|\\.)*\])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])*)\/([dgimsuvy]*)(?=[.,;)\s\]}])/g;

function patternsOf(file: string, text: string): readonly Pattern[] {
  const code = text.replaceAll(/\/\*.*?\*\//gs, "").replaceAll(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(literal)].flatMap(([, source = "", flags = ""]) =>
    isPattern(source, flags) ? [{ where: `${file} /${source}/${flags}`, source, flags }] : [],
  );
}

/** A division between two others looks alike. */
function isPattern(source: string, flags: string): boolean {
  try {
    return new RegExp(source, flags).source !== "" && !source.includes("${");
  } catch {
    return false;
  }
}

/** Those that take too long. Each thread stops at the first one that does not end, and the next goes on after it. */
async function attacked(patterns: readonly Pattern[]): Promise<readonly string[]> {
  const slow: string[] = [];
  for (let next = 0; next < patterns.length; ) {
    const worker = new Worker(attack, {
      eval: true,
      workerData: { patterns: patterns.slice(next), attackLength, attackMaxMs },
    });
    let at = 0;
    await new Promise<void>((resolve, reject) => {
      let timer = setTimeout(resolve, stuckMs);
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      worker.on("message", (took: { index: number; slow: boolean }) => {
        clearTimeout(timer);
        timer = setTimeout(resolve, stuckMs);
        at = took.index + 1;
        if (took.slow) slow.push(patterns[next + took.index]?.where ?? "");
      });
    });
    await worker.terminate();
    const stuck = patterns[next + at];
    if (stuck) slow.push(stuck.where);
    next += at + 1;
  }
  return slow;
}

/** Repeats every one, two and three of the characters that a pattern names. */
const attack = `
const { parentPort, workerData } = require("node:worker_threads");
const { patterns, attackLength, attackMaxMs } = workerData;
function lettersOf(source) {
  const plain = source.replace(/\\\\[dws]/gi, (one) => ({ d: "0", w: "a", s: " " })[one[1].toLowerCase()]);
  const named = plain.replace(/\\\\u\\{?[0-9a-f]+\\}?|\\\\[pP]\\{\\w+\\}|\\(\\?[:=!<]+|\\{\\d*,?\\d*\\}/gi, "");
  const own = [...named.replace(/\\\\./g, "").replace(/[()|^$*+[\\]-]/g, "")];
  const signs = [...new Set(plain.match(/\\\\[^a-z0-9]/gi)?.map((one) => one[1]) ?? [])];
  const many = own.filter((letter) => !/[\\w\\s]/.test(letter));
  const chosen = [...new Set([...signs, ...many, "a", "A", "0", " ", ...own])];
  return chosen.slice(0, 10);
}
function timeOf(pattern, text) {
  const startedMs = performance.now();
  pattern.lastIndex = 0;
  pattern.test(text);
  return performance.now() - startedMs;
}
patterns.forEach(({ source, flags }, index) => {
  const pattern = new RegExp(source, flags);
  const letters = lettersOf(source);
  // Its words too, alone and before a letter: what only a whole word sets going.
  const words = [...new Set(source.replace(/\\\\./g, " ").match(/[a-z]{2,}/gi) ?? [])].slice(0, 10);
  const units = [...letters, ...words];
  for (const word of words) for (const one of letters) units.push(word + one);
  for (const one of letters) for (const two of letters) units.push(one + two);
  for (const one of letters) for (const two of letters) for (const three of letters) units.push(one + two + three);
  let slow = false;
  for (const unit of units) {
    for (const prefix of ["", letters[0], "a"]) {
      // Short first: what takes exponential time does so here already.
      for (const length of [60, attackLength]) {
        const text = prefix + unit.repeat(length / unit.length) + "\\u0001";
        const least = () => Math.min(timeOf(pattern, text), timeOf(pattern, text), timeOf(pattern, text));
        if (timeOf(pattern, text) > attackMaxMs && least() > attackMaxMs) slow = true;
        if (slow) break;
      }
      if (slow) break;
    }
    if (slow) break;
  }
  parentPort.postMessage({ index, slow });
});
`;
