/** What random users do with the API in Q23: each step is one request. `nth` counts what was made so far, around and around. */
import fc from "fast-check";
import type { Scope } from "../src/api-key.ts";
import type { Role } from "../src/team.ts";

export const actors = ["a", "b", "c"] as const;
export type Actor = (typeof actors)[number];
/** A team is named for who has founded it. */
export const teamNames = ["a", "b"] as const;
export type TeamName = (typeof teamNames)[number];

/** Whose request it is, in which team. */
interface By {
  readonly as: Actor;
  readonly in: TeamName;
}

export type Step =
  | (By & { readonly kind: "createServer"; readonly name: string })
  | (By & { readonly kind: "listServers" | "listKeys" | "listMembers" | "listInvitations" })
  | (By & { readonly kind: "audit" })
  | (By & { readonly kind: "getServer" | "rotateSlug" | "deleteServer"; readonly nth: number })
  | (By & { readonly kind: "changeServer"; readonly nth: number; readonly changes: Changes })
  | (By & { readonly kind: "createKey"; readonly scopes: readonly Scope[] })
  | (By & { readonly kind: "deleteKey" | "deleteInvitation"; readonly nth: number })
  | { readonly kind: "listByKey"; readonly nth: number }
  | { readonly kind: "createByKey"; readonly nth: number }
  | (By & { readonly kind: "invite" | "setRole"; readonly whom: Actor; readonly role: Role })
  /** `invited`: whom it is meant for. */
  | { readonly kind: "accept"; readonly as: Actor | "invited"; readonly nth: number }
  | (By & { readonly kind: "removeMember"; readonly whom: Actor })
  | (By & { readonly kind: "rename"; readonly name: string });

export interface Changes {
  readonly name?: string;
  readonly is_active?: boolean;
  readonly target_url?: string;
}

/** What came of a step, as far as a model can tell. */
export interface Answer {
  /** 0: there was nothing to ask with. */
  readonly status: number;
  readonly code?: string;
  readonly seen?: unknown;
}

export const targets = ["http://127.0.0.1:9/one", "http://127.0.0.1:9/two"] as const;

// One team more often than the other, and who has founded it, so that much happens in it.
const by = {
  as: fc.constantFrom(...actors, "a", "a"),
  in: fc.constantFrom(...teamNames, "a", "a"),
} as const;
const name = fc.constantFrom("one", "two", "three");
const nth = fc.nat({ max: 30 });
const role = fc.constantFrom<Role>("viewer", "member", "admin", "owner");
const whom = fc.constantFrom(...actors);
const changes = fc.record(
  { name, is_active: fc.boolean(), target_url: fc.constantFrom(...targets) },
  { requiredKeys: [] },
) as fc.Arbitrary<Changes>;
const scopes = fc.constantFrom<readonly Scope[]>(
  ["servers:read"],
  ["servers:write"],
  ["servers:read", "servers:write"],
  ["calls:read"],
  ["admin"],
);
const invited = ["invited", "invited", "invited", "invited"] as const;
const one = <Kind extends string>(...kinds: readonly Kind[]) => fc.constantFrom(...kinds);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: one("createServer"), ...by, name }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: one("listServers", "listKeys", "listMembers", "listInvitations"),
      ...by,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: one("audit"), ...by }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: one("getServer", "rotateSlug", "deleteServer"), ...by, nth }),
  },
  { weight: 3, arbitrary: fc.record({ kind: one("changeServer"), ...by, nth, changes }) },
  { weight: 2, arbitrary: fc.record({ kind: one("createKey"), ...by, scopes }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: one("deleteKey", "deleteInvitation"), ...by, nth }),
  },
  { weight: 3, arbitrary: fc.record({ kind: one("listByKey", "createByKey"), nth }) },
  { weight: 6, arbitrary: fc.record({ kind: one("invite", "setRole"), ...by, whom, role }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: one("accept"), as: fc.constantFrom(...actors, ...invited), nth }),
  },
  { weight: 1, arbitrary: fc.record({ kind: one("removeMember"), ...by, whom }) },
  { weight: 1, arbitrary: fc.record({ kind: one("rename"), ...by, name }) },
);

/** It begins with everybody in one team, in any role. */
const joining = fc.tuple(role, role).map((roles): readonly Step[] =>
  roles.flatMap((given, nth): Step[] => {
    const guest = nth === 0 ? "b" : "c";
    return [
      { kind: "invite", as: "a", in: "a", whom: guest, role: given },
      { kind: "accept", as: "invited", nth },
    ];
  }),
);

export const steps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(joining, fc.array(step, { minLength: 20, maxLength: 80, size: "max" }))
  .map(([first, others]) => [...first, ...others]);
