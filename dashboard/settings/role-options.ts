/** Roles to choose from, the least first. */
import type { WireMember } from "../../src/api/wire-teams.ts";
import type { SelectOption } from "../ui/select.tsx";

export type Role = WireMember["role"];

const options: readonly SelectOption<Role>[] = [
  { value: "viewer", label: "Viewer" },
  { value: "member", label: "Member" },
  { value: "admin", label: "Admin" },
  { value: "owner", label: "Owner" },
];

/** Nobody gives a role above their own. */
export function roleOptions(isOwner: boolean): readonly SelectOption<Role>[] {
  return isOwner ? options : options.filter(({ value }) => value !== "owner");
}

/** What a role may do beyond those before it. */
export const roleHints: Readonly<Record<Role, string>> = {
  viewer: "Sees servers and calls.",
  member: "Adds and changes servers, too.",
  admin: "Everything but owners: keys, members, the audit log, deleting calls.",
  owner: "Everything.",
};
