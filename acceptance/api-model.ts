/** What the API has to answer: the rules of teams, roles, keys and limits in their shortest form, without a store. */
import type { Scope } from "../src/api-key.ts";
import { type Role, reaches } from "../src/team.ts";
import { type Actor, type Answer, type Step, type TeamName, targets } from "./api-steps.ts";

export const limit = 3;

interface Owned {
  readonly team: TeamName;
  isGone?: boolean;
}
type Server = Owned & { name: string; is_active: boolean; target_url: string };
type Key = Owned & { readonly by: Actor; readonly scopes: readonly Scope[] };
type Invited = Owned & { readonly by: Actor; readonly whom: Actor; readonly role: Role };

const ok = (seen: unknown): Answer => ({ status: 200, seen });
const made = (seen: unknown): Answer => ({ status: 201, seen });
const gone: Answer = { status: 204 };
const absent: Answer = { status: 404, code: "resource_not_found" };
const forbidden: Answer = { status: 403, code: "forbidden" };
const full: Answer = { status: 403, code: "plan_limit_reached" };

export class ApiModel {
  readonly #names = { a: "a", b: "b" };
  readonly #members = {
    a: new Map<Actor, Role>([["a", "owner"]]),
    b: new Map<Actor, Role>([["b", "owner"]]),
  };
  readonly #trail: Record<TeamName, string[]> = { a: [], b: [] };
  readonly #servers: Server[] = [];
  readonly #keys: Key[] = [];
  readonly #invited: Invited[] = [];

  take(step: Step): Answer {
    if (step.kind === "accept") return this.#accept(step.as, at(this.#invited, step.nth));
    if (step.kind === "listByKey" || step.kind === "createByKey")
      return this.#byKey(step.kind, at(this.#keys, step.nth));
    const [team, role] = [step.in, this.#members[step.in].get(step.as)];
    if (!role) return absent;
    if (!reaches(role, least[step.kind])) return forbidden;
    switch (step.kind) {
      case "createServer":
        return this.#createServer(team, step.name);
      case "listServers":
        return ok(present(this.#servers, team).map((server) => this.#show(server, "same")));
      case "getServer":
        return this.#ofServer(step, (server) => ok(this.#show(server, "same")));
      case "changeServer":
        return this.#ofServer(step, (server) => this.#change(server, step.changes, role));
      case "rotateSlug":
        return this.#ofServer(step, (server) => {
          this.#trail[team].push("server.slug_rotated");
          return ok(this.#show(server, "new"));
        });
      case "deleteServer":
        return this.#ofServer(step, (server) => this.#end(server, "server.removed"));
      case "createKey": {
        if (present(this.#keys, team).length >= limit) return full;
        this.#keys.push({ team, by: step.as, scopes: step.scopes });
        this.#trail[team].push("key.created");
        return made(step.scopes);
      }
      case "listKeys":
        return ok(present(this.#keys, team).map(({ scopes }) => scopes));
      case "deleteKey":
        return this.#ifPresent(at(this.#keys, step.nth), team, "key.revoked");
      case "listInvitations":
        return ok(present(this.#invited, team).map(({ whom, role: as }) => `${whom} ${as}`));
      case "deleteInvitation":
        return this.#ifPresent(at(this.#invited, step.nth), team, "invitation.revoked");
      case "invite":
        return this.#invite(step, role);
      case "setRole":
        return this.#setRole(step, role);
      case "removeMember":
        return this.#remove(step, role);
      case "listMembers":
        return ok([...this.#members[team]].map(([who, as]) => `${who} ${as}`).sort());
      case "rename":
        if (this.#names[team] !== step.name) this.#trail[team].push("team.renamed");
        this.#names[team] = step.name;
        return ok(step.name);
      case "audit":
        return ok(this.#trail[team].toReversed());
    }
  }

  #createServer(team: TeamName, name: string): Answer {
    if (present(this.#servers, team).length >= limit) return full;
    const server = { team, name, is_active: true, target_url: targets[0] };
    this.#servers.push(server);
    this.#trail[team].push("server.created");
    return made(this.#show(server, "new"));
  }

  #ofServer(step: Step & { nth: number; in: TeamName }, act: (server: Server) => Answer): Answer {
    const server = at(this.#servers, step.nth);
    return server && !server.isGone && server.team === step.in ? act(server) : absent;
  }

  #change(server: Server, changes: Partial<Server>, role: Role): Answer {
    const after = { ...server, ...changes };
    const isMoved = after.target_url !== server.target_url;
    if (isMoved && !reaches(role, "admin")) return forbidden;
    const isOther = after.name !== server.name || after.is_active !== server.is_active;
    if (isOther) this.#trail[server.team].push("server.changed");
    if (isMoved) this.#trail[server.team].push("server.rerouted");
    return ok(this.#show(Object.assign(server, changes), "same"));
  }

  #show(shown: Server, slug: string) {
    const { team: _, isGone: _gone, ...server } = shown;
    return { nth: this.#servers.indexOf(shown), ...server, slug };
  }

  #end(owned: Owned, action: string): Answer {
    owned.isGone = true;
    this.#trail[owned.team].push(action);
    return gone;
  }

  #ifPresent(owned: Owned | undefined, team: TeamName, action: string): Answer {
    return owned && !owned.isGone && owned.team === team ? this.#end(owned, action) : absent;
  }

  #byKey(kind: "listByKey" | "createByKey", key: Key | undefined): Answer {
    if (!key) return { status: 0 };
    if (key.isGone) return { status: 401, code: "invalid_token" };
    const needed = kind === "listByKey" ? "servers:read" : "servers:write";
    const role = this.#members[key.team].get(key.by) ?? "viewer";
    const isAllowed = key.scopes.includes(needed) || key.scopes.includes("admin");
    if (!isAllowed || !reaches(role, least[kind])) return forbidden;
    if (kind === "createByKey") return this.#createServer(key.team, "by key");
    return ok(present(this.#servers, key.team).length);
  }

  #invite({ as: by, in: team, whom, role: to }: Step & { kind: "invite" | "setRole" }, own: Role) {
    if (!reaches(own, to)) return forbidden;
    if (this.#members[team].has(whom)) return { status: 409, code: "resource_exists" };
    for (const earlier of present(this.#invited, team))
      if (earlier.whom === whom) earlier.isGone = true;
    this.#invited.push({ team, by, whom, role: to });
    this.#trail[team].push("invitation.created");
    return made(to);
  }

  #accept(by: Actor | "invited", invited: Invited | undefined): Answer {
    if (!invited) return { status: 0 };
    const as = by === "invited" ? invited.whom : by;
    if (invited.isGone || invited.whom !== as) return absent;
    this.#end(invited, "member.joined");
    this.#members[invited.team].set(as, invited.role);
    return ok(invited.role);
  }

  #setRole({ in: team, whom, role: to }: Step & { kind: "invite" | "setRole" }, own: Role): Answer {
    const had = this.#members[team].get(whom);
    if (!had) return absent;
    if (!reaches(own, had) || !reaches(own, to)) return forbidden;
    if (to !== "owner" && this.#isOnlyOwner(team, whom)) return forbidden;
    if (had !== to) this.#trail[team].push("member.role_changed");
    this.#members[team].set(whom, to);
    this.#revokeBeyond(team, whom, to);
    return ok(`${whom} ${to}`);
  }

  #remove({ as, in: team, whom }: Step & { kind: "removeMember" }, own: Role): Answer {
    if (as !== whom && !reaches(own, "admin")) return forbidden;
    const had = this.#members[team].get(whom);
    if (!had) return absent;
    if (!reaches(own, had) || this.#isOnlyOwner(team, whom)) return forbidden;
    this.#members[team].delete(whom);
    for (const key of present(this.#keys, team)) if (key.by === whom) key.isGone = true;
    this.#trail[team].push("member.removed");
    this.#revokeBeyond(team, whom, "viewer");
    return gone;
  }

  #isOnlyOwner(team: TeamName, whom: Actor): boolean {
    const owners = [...this.#members[team]].filter(([, role]) => role === "owner");
    return owners.length === 1 && owners[0]?.[0] === whom;
  }

  #revokeBeyond(team: TeamName, by: Actor, role: Role): void {
    for (const invited of present(this.#invited, team))
      if (invited.by === by && !(reaches(role, "admin") && reaches(role, invited.role)))
        this.#end(invited, "invitation.revoked");
  }
}

/** The least role that may. */
const least: Readonly<Record<Exclude<Step["kind"], "accept">, Role>> = {
  ...{ listServers: "viewer", getServer: "viewer", listByKey: "viewer", listMembers: "viewer" },
  ...{ createServer: "member", changeServer: "member", rotateSlug: "member" },
  ...{ deleteServer: "member", createByKey: "member", removeMember: "viewer" },
  ...{ createKey: "admin", listKeys: "admin", deleteKey: "admin", invite: "admin" },
  ...{ listInvitations: "admin", deleteInvitation: "admin", setRole: "admin" },
  ...{ rename: "admin", audit: "admin" },
};

/** Around and around; undefined while there is none. */
export function at<Value>(all: readonly Value[], nth: number): Value | undefined {
  return all[nth % all.length];
}

/** Newest first. */
function present<One extends Owned>(all: readonly One[], team: TeamName): One[] {
  return all.filter((one) => one.team === team && !one.isGone).reverse();
}
