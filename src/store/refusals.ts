/** What the registry refuses, in the words that every driver uses. */
import { Problem } from "../problem.ts";

/** `what` is `team`, `user` or `team or user`. */
export function noSuch(what: string): Problem {
  return new Problem("resource_not_found", `there is no such ${what}`);
}

/** `what` with its article, and what it has in common with the present one: `an API key with this id or secret`. */
export function taken(what: string): Problem {
  return new Problem("resource_exists", `${what} exists already`);
}

export function slugSpent(): Problem {
  return new Problem("resource_exists", "this slug was used before");
}

/** `what` in the plural. */
export function planIsFull(limit: number, what: string): Problem {
  return new Problem("plan_limit_reached", `the plan has room for ${limit} ${what}`);
}

/** Of a user who would own one more. */
export function inTooManyTeams(limit: number): Problem {
  const message = `you are in ${limit} teams, which is the limit; leave one first`;
  return new Problem("plan_limit_reached", message);
}

export function tooManyInvitations(limit: number): Problem {
  const message = `${limit} invitations are open, which is the limit; revoke one first`;
  return new Problem("plan_limit_reached", message);
}

/** Of who decided on something by roles that are others now. */
export function rolesChanged(): Problem {
  return new Problem("forbidden", "roles in this team have changed meanwhile: look again");
}

export function mayNotInvite(as: string): Problem {
  return new Problem("forbidden", `the role of who invites allows no invitation as ${as} any more`);
}

export function ownerless(): Problem {
  return new Problem("forbidden", "a team needs an owner: make another member one first");
}
