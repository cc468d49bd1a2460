/**
 * Two runs of the conformance suite, side by side: what came out otherwise through the product.
 *
 * Every check counts, with its status and with what the suite saw of the other side (`details` and
 * `errorMessage`), as often as it was made. Only what differs between any two runs is masked.
 */
import { readFileSync } from "node:fs";
import type { Check, Results } from "./suite.ts";

export interface Difference {
  readonly scenario: string;
  readonly check: string;
  readonly direct: readonly string[];
  readonly proxied: readonly string[];
}

/** A difference that no proxy could avoid, or that is our duty; docs/protocol.md explains each. */
export interface ExpectedDifference {
  readonly scenario: string;
  readonly check: string;
}

export function differencesBetween(direct: Results, proxied: Results): Difference[] {
  const scenarios = new Set([...direct.keys(), ...proxied.keys()]);
  return [...scenarios].flatMap((scenario) => {
    const one = observations(scenario, direct.get(scenario));
    const other = observations(scenario, proxied.get(scenario));
    const checks = new Set([...one.keys(), ...other.keys()]);
    return [...checks]
      .map((check) => ({
        scenario,
        check,
        direct: one.get(check) ?? [],
        proxied: other.get(check) ?? [],
      }))
      .filter((each) => each.direct.join("\n") !== each.proxied.join("\n"));
  });
}

/** From expected-differences.json: by reason, each as `scenario: check`. */
export function readExpected(leg: "server" | "client"): readonly ExpectedDifference[] {
  const file = new URL("expected-differences.json", import.meta.url);
  const reasons: readonly { readonly checks: readonly string[] }[] = JSON.parse(
    readFileSync(file, "utf8"),
  )[leg];
  return reasons
    .flatMap(({ checks }) => checks)
    .map((each) => {
      const [scenario = "", check = ""] = each.split(": ");
      return { scenario, check };
    });
}

export function covers(expected: ExpectedDifference, { scenario, check }: Difference): boolean {
  return expected.scenario === scenario && expected.check === check;
}

/** By the check's id, in an order that does not depend on which of two streams was faster. */
function observations(scenario: string, checks: readonly Check[] = []) {
  const byId = new Map<string, string[]>([["did run", [String(checks.length > 0)]]]);
  for (const check of checks) {
    const observation = observationOf(scenario, check);
    if (observation) byId.set(check.id, [...(byId.get(check.id) ?? []), observation].toSorted());
  }
  return byId;
}

function observationOf(scenario: string, check: Check): string | undefined {
  const verdict = `${check.status} ${check.name}`;
  // Here nearly everything that is seen is made anew each time (codes, challenges, tokens), and that
  // the product reads the metadata as well is seen too.
  if (scenario.startsWith("auth/")) return check.status === "INFO" ? undefined : verdict;
  return `${verdict} ${masked(check.errorMessage)} ${masked(check.details)}`;
}

/** Of one connection and not of the message (RFC 9110, 7.6.1), of the moment, or sealed anew each time. */
const passing = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "date",
  "actualDelayMs",
  "requestState",
]);

const masks: readonly (readonly [RegExp, string])[] = [
  [/http:\/\/(?:localhost|127\.0\.0\.1):\d+\/(?:mcp|p\/[\w-]+)/g, "(server)"],
  [/(?:localhost|127\.0\.0\.1):\d+/g, "(host)"],
  [/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, "(uuid)"],
  [/\b1\d{12}\b/g, "(epoch ms)"],
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(time)"],
];

function masked(evidence: unknown): string {
  const text = JSON.stringify(evidence, (key, value) => (passing.has(key) ? undefined : value));
  return masks.reduce((rest, [pattern, mask]) => rest.replace(pattern, mask), text ?? "");
}
