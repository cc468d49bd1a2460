/** A client that is given the proxy URL behaves as with the server's own: the official suite's servers judge it. */
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { rigForFile } from "../e2e/rig.ts";
import { compareSideBySide, everythingOf, requirementsOf } from "./side-by-side.ts";

const rig = rigForFile();

const sets = [
  // What fails are two extensions of OAuth that the client does not have.
  { set: requirementsOf("2025-11-25"), score: { scenarios: 25, passed: 315, failed: 3 } },
  { set: requirementsOf("2026-07-28"), score: { scenarios: 39, passed: 475, failed: 3 } },
  { set: everythingOf("backcompat"), score: { scenarios: 2, passed: 19, failed: 0 } },
];

test.for(sets)("scenarios $set.name", { timeout: 180_000 }, async ({ set, score }) => {
  const environment = { HOOKWATCH_URL: rig().url, HOOKWATCH_API_KEY: rig().apiKey };
  const routes = {
    direct: { options: ["--command", command("direct.ts")] },
    proxied: { options: ["--command", command("through-product.ts")], environment },
  };
  await compareSideBySide("client", set, routes, score);
});

/** The suite splits it at spaces and hands it to a shell, whose quotes survive that. */
function command(program: string): string {
  return `"${process.execPath}" "${fileURLToPath(new URL(program, import.meta.url))}"`;
}
