/**
 * Three users over HTTP, and the two teams that they work in: what the model of Q23 is compared with.
 *
 * In: steps. Out: what came of them, ids and secrets left out. Guarantees: `restored` begins anew, whatever was done
 * before. Each user has a team beside those two, so that a token stays good when its user is sent away.
 */
import { randomUUID } from "node:crypto";
import { at } from "./api-model.ts";
import { type Answered, type Body, request } from "./api-request.ts";
import {
  type Actor,
  type Answer,
  actors,
  type Step,
  type TeamName,
  targets,
  teamNames,
} from "./api-steps.ts";

const password = "correct horse battery staple";

interface Sending {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  /** What of an answer a model can tell. */
  readonly show?: (body: Body) => unknown;
}

interface Made {
  readonly id: string;
  /** A slug, a key or a token. */
  text: string;
}

interface Identity {
  readonly userId: string;
  readonly token: string;
}

type ByUser = Exclude<Step, { readonly kind: "accept" | "listByKey" | "createByKey" }>;

export class ApiUsers {
  readonly #url: string;
  readonly #users: Readonly<Record<Actor, Identity>>;
  readonly #teams: Readonly<Record<TeamName, string>>;
  /** In the order they were made since `restored`. */
  #servers: Made[] = [];
  #keys: Made[] = [];
  #invited: (Made & { readonly whom: Actor })[] = [];
  /** The newest entry of the audit log before that. */
  readonly #auditFrom = { a: 0, b: 0 };
  /** Of the whole run: none is given out twice. */
  readonly #slugs = new Set<string>();

  private constructor(
    url: string,
    users: Readonly<Record<Actor, Identity>>,
    teams: Readonly<Record<TeamName, string>>,
  ) {
    this.#url = url;
    this.#users = users;
    this.#teams = teams;
  }

  /** The host must let anyone register. */
  static async register(url: string): Promise<ApiUsers> {
    const registered = async (name: Actor): Promise<Identity> => {
      const body = { email: emailOf(name), password };
      const { user, access_token } = await made(
        request(url, "POST", "/v1/auth/register", { body }),
      );
      return { userId: String((user as Body).id), token: String(access_token) };
    };
    const founded = async ({ token }: Identity, name: TeamName) =>
      String((await made(request(url, "POST", "/v1/teams", { token, body: { name } }))).id);
    const users = {
      ...{ a: await registered("a"), b: await registered("b") },
      c: await registered("c"),
    };
    const teams = { a: await founded(users.a, "a"), b: await founded(users.b, "b") };
    return new ApiUsers(url, users, teams);
  }

  /** A request of a user's about one of the teams. */
  async ask(as: Actor, team: TeamName, method: string, path: string, body?: object) {
    const { token } = this.#users[as];
    const headers = { "x-team-id": this.#teams[team] };
    return request(this.#url, method, path, { token, headers, ...(body && { body }) });
  }

  async take(step: Step): Promise<Answer> {
    if (step.kind === "accept") {
      const invited = at(this.#invited, step.nth);
      const by = step.as === "invited" ? invited?.whom : step.as;
      return by && invited ? this.#accept(by, invited.text) : { status: 0 };
    }
    if (step.kind === "listByKey" || step.kind === "createByKey")
      return this.#byKey(step.kind, at(this.#keys, step.nth)?.text);
    // Each entry of the table takes the steps of its own kind.
    const send = this.#sendings[step.kind] as (given: ByUser) => Sending;
    const { method, path, body, show } = send(step);
    return toAnswer(await this.ask(step.as, step.in, method, path, body), show);
  }

  /** Takes away everything that steps have left, and gives both teams back to their founders. */
  async restored(): Promise<void> {
    for (const team of teamNames) {
      const own = `/v1/teams/${this.#teams[team]}`;
      const listed = async (path: string) =>
        (await this.ask(team, team, "GET", path)).body.data ?? [];
      await this.#returnTo(team, own);
      for (const { user_id } of await listed(`${own}/members`))
        if (user_id !== this.#users[team].userId)
          await this.ask(team, team, "DELETE", `${own}/members/${user_id}`);
      for (const path of ["/v1/mcp/servers", "/v1/api-keys", `${own}/invitations`])
        for (const { id } of await listed(path))
          await this.ask(team, team, "DELETE", `${path}/${id}`);
      await this.ask(team, team, "PUT", own, { name: team });
      const [newest] = await listed("/v1/audit?limit=1");
      this.#auditFrom[team] = Number(newest?.seq ?? 0);
    }
    [this.#servers, this.#keys, this.#invited] = [[], [], []];
  }

  async #returnTo(founder: TeamName, own: string): Promise<void> {
    const { userId } = this.#users[founder];
    for (const owner of actors) {
      const { body } = await this.ask(owner, founder, "GET", `${own}/members`);
      const roleOf = (id: string) => body.data?.find(({ user_id }) => user_id === id)?.role;
      if (roleOf(this.#users[owner].userId) !== "owner") continue;
      const role = { role: "owner" };
      if (roleOf(userId) !== undefined) {
        await this.ask(owner, founder, "PUT", `${own}/members/${userId}`, role);
        return;
      }
      const invitation = { email: emailOf(founder), ...role };
      const { token } = (await this.ask(owner, founder, "POST", `${own}/invitations`, invitation))
        .body;
      await this.#accept(founder, String(token));
      return;
    }
    throw new Error(`the team ${founder} has no owner`);
  }

  readonly #sendings: { readonly [Kind in ByUser["kind"]]: (step: Of<Kind>) => Sending } = {
    createServer: ({ name }) => ({
      ...{ method: "POST", path: "/v1/mcp/servers", body: { name, target_url: targets[0] } },
      show: (body) => this.#showServer(body),
    }),
    listServers: () => ({
      ...{ method: "GET", path: "/v1/mcp/servers" },
      show: each((body) => this.#showServer(body)),
    }),
    getServer: ({ nth }) => ({
      ...{ method: "GET", path: `/v1/mcp/servers/${idAt(this.#servers, nth)}` },
      show: (body) => this.#showServer(body),
    }),
    changeServer: ({ nth, changes }) => ({
      ...{ method: "PUT", path: `/v1/mcp/servers/${idAt(this.#servers, nth)}`, body: changes },
      show: (body) => this.#showServer(body),
    }),
    rotateSlug: ({ nth }) => ({
      ...{ method: "POST", path: `/v1/mcp/servers/${idAt(this.#servers, nth)}/rotate-slug` },
      show: (body) => this.#showServer(body),
    }),
    deleteServer: ({ nth }) => ({
      ...{ method: "DELETE", path: `/v1/mcp/servers/${idAt(this.#servers, nth)}` },
    }),
    createKey: ({ scopes }) => ({
      ...{ method: "POST", path: "/v1/api-keys", body: { name: "a key", scopes } },
      show: (body) => {
        this.#keys.push({ id: String(body.id), text: String(body.key) });
        return body.scopes;
      },
    }),
    listKeys: () => ({
      ...{ method: "GET", path: "/v1/api-keys" },
      show: each(({ scopes }) => scopes),
    }),
    deleteKey: ({ nth }) => ({
      ...{ method: "DELETE", path: `/v1/api-keys/${idAt(this.#keys, nth)}` },
    }),
    listMembers: ({ in: team }) => ({
      ...{ method: "GET", path: `${this.#team(team)}/members` },
      show: (body) => (body.data ?? []).map(roleText).sort(),
    }),
    setRole: ({ in: team, whom, role }) => ({
      ...{ method: "PUT", path: `${this.#team(team)}/members/${this.#users[whom].userId}` },
      ...{ body: { role }, show: roleText },
    }),
    removeMember: ({ in: team, whom }) => ({
      ...{ method: "DELETE", path: `${this.#team(team)}/members/${this.#users[whom].userId}` },
    }),
    invite: ({ in: team, whom, role }) => ({
      ...{ method: "POST", path: `${this.#team(team)}/invitations` },
      body: { email: emailOf(whom), role },
      show: (body) => {
        this.#invited.push({ id: String(body.id), text: String(body.token), whom });
        return body.role;
      },
    }),
    listInvitations: ({ in: team }) => ({
      ...{ method: "GET", path: `${this.#team(team)}/invitations` },
      show: each(roleText),
    }),
    deleteInvitation: ({ in: team, nth }) => ({
      method: "DELETE",
      path: `${this.#team(team)}/invitations/${idAt(this.#invited, nth)}`,
    }),
    rename: ({ in: team, name }) => ({
      ...{ method: "PUT", path: this.#team(team), body: { name } },
      show: (body) => body.name,
    }),
    audit: ({ in: team }) => ({
      ...{ method: "GET", path: "/v1/audit?limit=200" },
      show: (body) =>
        (body.data ?? [])
          .filter(({ seq }) => Number(seq) > this.#auditFrom[team])
          .map(({ action }) => action)
          // It is written when there is time for it.
          .filter((action) => action !== "key.used_from_new_address"),
    }),
  };

  async #accept(as: Actor, token: string): Promise<Answer> {
    const sent = { token: this.#users[as].token, body: { token } };
    const accepted = await request(this.#url, "POST", "/v1/invitations/accept", sent);
    return toAnswer(accepted, ({ role }) => role);
  }

  async #byKey(kind: "listByKey" | "createByKey", token: string | undefined): Promise<Answer> {
    if (token === undefined) return { status: 0 };
    const path = "/v1/mcp/servers";
    if (kind === "listByKey") {
      const listed = await request(this.#url, "GET", path, { token });
      return toAnswer(listed, (body) => body.total);
    }
    const body = { name: "by key", target_url: targets[0] };
    const answered = await request(this.#url, "POST", path, { token, body });
    return toAnswer(answered, (server) => this.#showServer(server));
  }

  #team(name: TeamName): string {
    return `/v1/teams/${this.#teams[name]}`;
  }

  /** A server that was not seen before is taken for the one that was made just now. */
  #showServer({ id, slug, name, is_active, target_url }: Body) {
    const text = String(slug);
    const known = this.#servers.findIndex((server) => server.id === id);
    const nth = known === -1 ? this.#servers.push({ id: String(id), text: "" }) - 1 : known;
    const server = this.#servers[nth];
    const kind = text === server?.text ? "same" : this.#slugs.has(text) ? "reused" : "new";
    this.#slugs.add(text);
    if (server) server.text = text;
    return { nth, name, is_active, target_url, slug: kind };
  }
}

type Of<Kind> = ByUser & { readonly kind: Kind };

function each(show: (body: Body) => unknown) {
  return ({ data = [] }: Body) => data.map(show);
}

/** Whom a row speaks of, and in which role. */
function roleText({ email, role }: Body): string {
  return `${actors.find((name) => emailOf(name) === email)} ${role}`;
}

/** One that nothing has, while there is none. */
function idAt(all: readonly Made[], nth: number): string {
  return at(all, nth)?.id ?? randomUUID();
}

function emailOf(name: Actor): string {
  return `${name}@example.com`;
}

function toAnswer({ status, body }: Answered, show?: Sending["show"]): Answer {
  if (status >= 400) return { status, code: `${body.error?.code}` };
  return show ? { status, seen: show(body) } : { status };
}

async function made(answering: Promise<Answered>): Promise<Body> {
  const { status, body } = await answering;
  if (status !== 201) throw new Error(`answered ${status} ${JSON.stringify(body)}`);
  return body;
}
