/** What a role allows, and what is left of it through an API key. */
import { type Scope, scopes } from "../api-key.ts";
import type { Role } from "../team.ts";

const reading = ["servers:read", "calls:read", "calls:bodies"] as const satisfies Scope[];

const scopesByRole: Readonly<Record<Role, ReadonlySet<Scope>>> = {
  viewer: new Set<Scope>(reading),
  member: new Set<Scope>([...reading, "servers:write"]),
  admin: new Set(scopes),
  owner: new Set(scopes),
};

export function scopesOf(role: Role): ReadonlySet<Scope> {
  return scopesByRole[role];
}

/** What a key with these scopes may do while its user has that role. The scope `admin` stands for all of them. */
export function scopesOfKey(granted: readonly Scope[], role: Role): ReadonlySet<Scope> {
  const allowed = scopesByRole[role];
  return granted.includes("admin") ? allowed : allowed.intersection(new Set(granted));
}
