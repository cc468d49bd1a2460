/** `hookwatch check`: whether the stores' files are whole, without changing them; beside a running host, too. */
import { existsSync } from "node:fs";
import { storeFiles } from "../host/stores.ts";
import { Problem } from "../problem.ts";
import { type Command, done, failed, storeArguments, storeSettingsHelp } from "./command.ts";
import { amountText, checkStore, type StoreCheck, sizeText } from "./store-check.ts";

export const check: Command = {
  form: "check",
  summary: "look for damage in the stores' files",
  help: `Reads every call and every entry of the audit log, beside a running host, too, and
changes nothing. Prints a line for each finding and ends with ${failed} if there is any.

${storeSettingsHelp}`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { config } = storeArguments(args);
  const { registry, calls } = storeFiles(config);
  const checks: StoreCheck[] = [];
  if (registry !== undefined) checks.push(await checkStore("registry", registry, "contents"));
  // A host that ended before its log was made has none.
  if (calls !== undefined && existsSync(calls))
    checks.push(await checkStore("calls", calls, "contents"));
  if (checks.length === 0)
    throw new Problem("unavailable", "there is nothing to check: both stores are kept in memory");
  for (const each of checks) process.stdout.write(report(each));
  return checks.every(({ findings }) => findings.length === 0) ? done : failed;
}

function report({ path, bytes, findings, calls }: StoreCheck): string {
  if (findings.length > 0) return findings.map((finding) => `${path}: ${finding}\n`).join("");
  const amount = calls === undefined ? "" : `, ${amountText(calls, "call")}`;
  return `${path}: sound${amount}, ${sizeText(bytes)}\n`;
}
