/** The settings of the OpenID provider that users sign in with: what must not be, or must be together. */

import type { FieldProblem } from "../problem.ts";
import { addressKind } from "../proxy/address.ts";
import { type VariableKey, variables } from "./variables.ts";

export function providerContradictions(
  values: Readonly<Record<VariableKey, unknown>>,
): FieldProblem[] {
  const { oidcIssuer: issuer } = values;
  if (typeof issuer !== "string") return withoutIssuer(values);
  const field = variables.oidcIssuer.name;
  const { protocol, hostname, pathname } = new URL(issuer);
  const wrong: FieldProblem[] = [];
  if (values.oidcClientId === undefined) {
    const message = `must be set beside ${field}: the provider knows this host by it`;
    wrong.push({ field: variables.oidcClientId.name, message });
  }
  if (protocol === "http:" && !isThisMachine(hostname)) {
    const message = "must be https: whoever is between here and there could sign in as anybody";
    wrong.push({ field, message });
  }
  if (pathname.includes("/.well-known/")) {
    const message = "must be the issuer itself, without /.well-known/ and what follows";
    wrong.push({ field, message });
  }
  return wrong;
}

function withoutIssuer(values: Readonly<Record<VariableKey, unknown>>): FieldProblem[] {
  const message = `is of no use without ${variables.oidcIssuer.name}`;
  return (["oidcClientId", "oidcClientSecret", "oidcAllowedDomains"] as const)
    .filter((key) => isSet(values[key]))
    .map((key) => ({ field: variables[key].name, message }));
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

function isThisMachine(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, "");
  return name === "localhost" || addressKind(name) === "loopback";
}
