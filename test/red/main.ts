/**
 * `npm run red -- [T5 T13 … | part of a path or title]`: breaks the product in one place at a time, on purpose, and
 * demands that the test which docs/security.md cites for it fails. Works on copies of the tree. `npm run red -- stale`
 * breaks nothing and only looks whether every text to break is there, once.
 *
 * A line each: RED with what the test said; STILL GREEN, a promise that nobody would miss; STALE, when the text to break
 * is gone or there twice; NOT RUN, when no test of that title came to an end. Exit code 0 when all are red.
 */
import { readFileSync } from "node:fs";
import type { Break } from "./break.ts";
import { citations, isSameTest } from "./cited.ts";
import { runTest } from "./run-test.ts";
import { table } from "./table.ts";
import { isThereOnce, Tree } from "./tree.ts";

const treesMax = 2;

const cited = citations(readFileSync("docs/security.md", "utf8"));
const isLooking = process.argv[2] === "stale";
const wanted = process.argv.slice(isLooking ? 3 : 2);
const chosen = table.filter((one) => wanted.length === 0 || wanted.some((text) => isOf(one, text)));
const counts = { RED: 0, "STILL GREEN": 0, STALE: 0, "NOT RUN": 0 };
const waiting = [...chosen];
// So that what runs is ended and the copies are removed.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const good = isLooking ? look() : await breakAll();
process.exitCode = chosen.length > 0 && good === chosen.length ? 0 : 1;

/** How many are there to be broken. */
function look(): number {
  const stale = chosen.filter(({ source, find }) => !isThereOnce(source, find));
  for (const { threat, title, source, find } of stale)
    console.log(`STALE ${threat} ${title}\n    ${source}: ${firstLine(find)}`);
  console.log(`${stale.length} of ${chosen.length} stale`);
  return chosen.length - stale.length;
}

/** How many turned their test red. */
async function breakAll(): Promise<number> {
  await Promise.all(Array.from({ length: Math.min(treesMax, waiting.length) }, work));
  const { RED: red, "STILL GREEN": green, STALE: stale, "NOT RUN": notRun } = counts;
  console.log(`${red} red, ${green} still green, ${stale} stale, ${notRun} not run`);
  return red;
}

async function work(): Promise<void> {
  using tree = new Tree(process.cwd());
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
    await tell(next, tree);
}

async function tell(one: Break, tree: Tree): Promise<void> {
  const [verdict, remark] = await judged(one, tree);
  counts[verdict] += 1;
  const { demand } = cited.find(
    (citation) =>
      citation.threat === one.threat && isSameTest(citation, { ...one, file: one.test }),
  ) ?? { demand: "(no demand of this threat)" };
  console.log(`${verdict} ${one.threat} ${demand} — ${one.title}`);
  if (remark !== "") console.log(`    ${remark}`);
}

async function judged(one: Break, tree: Tree): Promise<[keyof typeof counts, string]> {
  using broken = tree.broken(one.source, one.find, one.replace);
  const where = `${one.source}: ${firstLine(one.find)}`;
  if (broken === undefined) return ["STALE", where];
  const ask = () => runTest(tree.path, one.run ?? one.test, one.title);
  const first = await ask();
  // A machine that stands still lets no host start in time.
  const outcome = first.is === "not run" ? await ask() : first;
  if (outcome.is === "red") return ["RED", outcome.message];
  if (outcome.is === "green") return ["STILL GREEN", where];
  return ["NOT RUN", `${where}: ${outcome.message}`];
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

function isOf(one: Break, text: string): boolean {
  if (/^T\d+$/i.test(text)) return one.threat === text.toUpperCase();
  return [one.test, one.title, one.source].some((field) => field.includes(text));
}
