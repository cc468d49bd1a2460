import { expect, test } from "vitest";
import { type Scope, scopes } from "../api-key.ts";
import { roles } from "../team.ts";
import { scopesOf, scopesOfKey } from "./permissions.ts";

test.for([
  ["viewer", ["servers:read", "calls:read", "calls:bodies"]],
  ["member", ["servers:read", "servers:write", "calls:read", "calls:bodies"]],
  ["admin", scopes],
  ["owner", scopes],
] as const)("a %s may %j", ([role, allowed]) => {
  expect([...scopesOf(role)].sort()).toEqual([...allowed].sort());
});

test("a higher role may whatever a lower one may", () => {
  for (const [at, role] of roles.entries())
    for (const lower of roles.slice(0, at))
      expect(scopesOf(lower).isSubsetOf(scopesOf(role)), `${lower} ⊆ ${role}`).toBe(true);
});

test("a key may never more than its user's role, nor more than it was given", () => {
  for (const role of roles)
    for (const scope of scopes) {
      const allowed = scopesOfKey([scope], role);
      expect(allowed.isSubsetOf(scopesOf(role)), `${scope} of a ${role}`).toBe(true);
      if (scope !== "admin") expect([...allowed].every((one) => one === scope)).toBe(true);
    }
});

test("the scope admin stands for all that the role allows", () => {
  for (const role of roles) expect(scopesOfKey(["admin"], role)).toEqual(scopesOf(role));
  expect(scopesOfKey([] as readonly Scope[], "owner").size).toBe(0);
});
