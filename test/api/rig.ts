/**
 * The control plane over real stores, asked without a socket. `engines` names the stores; suites run
 * on each. Time stands still at `now` unless a test moves it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Access, type AccessOptions, openAccess } from "../../src/access/access.ts";
import { lastFourOf, newKeyText } from "../../src/access/keys.ts";
import { scopesOf } from "../../src/access/permissions.ts";
import { digestOf } from "../../src/access/secret-text.ts";
import { type ControlPlaneOptions, controlPlane } from "../../src/api/control-plane.ts";
import { Followers, followersDefaults } from "../../src/api/followers.ts";
import type { WireProblem } from "../../src/api/wire.ts";
import type { WireServer } from "../../src/api/wire-servers.ts";
import { type ApiKey, scopes } from "../../src/api-key.ts";
import type { AuditAction, AuditEvent } from "../../src/audit.ts";
import type { Call } from "../../src/call.ts";
import type { Caller } from "../../src/caller.ts";
import { idsByTime, newId } from "../../src/id.ts";
import type { Plan } from "../../src/plan.ts";
import type { Session } from "../../src/session.ts";
import type { CallLog } from "../../src/store/call-log.ts";
import { MemoryCallLog } from "../../src/store/memory/call-log.ts";
import { openMemoryRegistry } from "../../src/store/memory/registry.ts";
import type { Founding, Registry } from "../../src/store/registry.ts";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { openSqliteRegistry } from "../../src/store/sqlite/registry.ts";
import type { Role } from "../../src/team.ts";
import { type LogFields, silentLog } from "../../src/telemetry.ts";
import type { User } from "../../src/user.ts";

export const engines = ["memory", "sqlite"] as const;
export type Engine = (typeof engines)[number];

export const now = Date.parse("2026-11-20T12:34:56.789Z");
const idAt = idsByTime();

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Body;
}

/** A user in a team, with ways to ask as that user. `caller` is what a request with `key` comes to. */
export interface Person {
  readonly userId: string;
  readonly teamId: string;
  readonly role: Role;
  readonly email: string;
  /** An API key with every scope that there is, and its id. */
  readonly key: string;
  readonly keyId: string;
  /** An access token of a session, active in that team. */
  readonly token: string;
  readonly caller: Caller;
}

export interface Ask {
  /** The address of the client. */
  readonly from?: string;
  /** An API key, or an access token. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object travels as its JSON. */
  readonly body?: string | Uint8Array<ArrayBuffer> | object;
}

export type Rig = Awaited<ReturnType<typeof openRig>>;

export async function openRig(
  engine: Engine,
  {
    plan = {},
    access: accessOptions = {},
    ...options
  }: Partial<Omit<ControlPlaneOptions, "registry" | "followers" | "access" | "planOf">> & {
    readonly plan?: Partial<Plan>;
    readonly access?: Partial<AccessOptions>;
  } = {},
) {
  await using open = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "hookwatch-api-"));
  open.defer(() => rmSync(folder, { recursive: true }));
  const stores = openStores(engine, folder);
  const registry = open.use(stores.registry);
  const log = open.use(stores.log);
  const clock = options.clock ?? { nowMs: () => now, monotonicMs: () => 0 };
  const publicUrl = options.publicUrl ?? (() => "https://hookwatch.example");
  const access = open.use(
    await openAccess({
      ...{ registry, clock, log: silentLog, publicUrl },
      ...{ isSignupOpen: false, defaultPlan: () => unlimited.name },
      ...accessOptions,
    }),
  );
  const people = new People(registry, access);
  const founder = await people.found();
  // Other hosts' writes are looked for often, so that no test has to wait for a second to pass.
  const followers = open.use(
    new Followers(options.log ?? log, { ...followersDefaults, pollMs: 20 }),
  );
  const reports: { readonly fields: LogFields; readonly message: string }[] = [];
  const line = (fields: LogFields, message: string) => void reports.push({ fields, message });
  const app = controlPlane({
    ...{ log, followers, registry, access, publicUrl, clock },
    refuseTarget: ({ hostname }) =>
      hostname === "169.254.169.254" ? "must not be a metadata address" : undefined,
    planOf: async () => ({ ...unlimited, ...plan }),
    defaultPlan: () => unlimited.name,
    usedBy: () => ({ month: "2026-11", calls: 0 }),
    sourceIp: ({ socket }) => socket.remoteAddress ?? "",
    anonymousPerMinute: 0,
    ...{ checkConnection: unasked, testCall: unasked, replay: unasked, startDemo: unasked },
    report: { ...silentLog, warn: line, error: line },
    version: "9.9.9",
    ...options,
  });

  async function ask<Body = WireProblem>(
    method: string,
    path: string,
    { key = founder.key, headers = {}, body, from = "" }: Ask = {},
  ): Promise<Answer<Body>> {
    const credential = key === null ? {} : { authorization: `Bearer ${key}` };
    const init = {
      method,
      headers: { ...credential, ...headers },
      ...(body !== undefined && { body: isBytes(body) ? body : JSON.stringify(body) }),
    };
    const response = await app.request(path, init, {
      incoming: { socket: { remoteAddress: from }, rawHeaders: [] },
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json") && text;
    const { status, headers: fields } = response;
    return { status, headers: fields, text, body: (json ? JSON.parse(text) : undefined) as Body };
  }

  async function addServer(name = "a server", key = founder.key): Promise<WireServer> {
    const asked = { key, body: { name, target_url: "http://127.0.0.1:3001/mcp" } };
    return (await ask<WireServer>("POST", "/v1/mcp/servers", asked)).body;
  }

  const opened = open.move();
  return {
    ...{ app, ask, addServer, registry, log, followers, access, founder, reports },
    /** The owner of another team in the same stores. */
    addStranger: () => people.add(),
    /** Another user in a team, the founder's unless another is named. */
    addMember: (role: Role, teamId = founder.teamId) => people.join(teamId, role),
    addKey: (owner: Pick<Person, "userId" | "teamId">, changes: Partial<ApiKey> = {}) =>
      people.addKey(owner, changes),
    /** Of a new session. */
    tokenOf: (userId: string, teamId: string) => people.tokenOf(userId, teamId),
    sessionOf: async (userId: string, teamId: string) => (await people.begin(userId, teamId)).id,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The owner of some team, as a key with every scope lets one be known. */
export function ownerOf(teamId: string): Caller {
  const credential = { kind: "key", id: newId() } as const;
  return {
    userId: newId(),
    teamId,
    role: "owner",
    scopes: scopesOf("owner"),
    credential,
    sourceIp: "",
  };
}

/** For tests in which the host asks no server. */
function unasked(): Promise<never> {
  return Promise.reject(new Error("this test lets the host ask no server"));
}

/** A finished call of the given team, unlike any other by its id. */
export function callOf({ teamId }: Pick<Caller, "teamId">, changes: Partial<Call> = {}): Call {
  const startedAtMs = changes.startedAtMs ?? now - 60_000;
  const id = idAt(startedAtMs);
  return {
    id,
    parentId: "",
    logicalId: id,
    teamId,
    serverId: "0192aaaa-0000-7000-8000-000000000001",
    kind: "request",
    direction: "client",
    method: "tools/call",
    toolName: "forecast",
    rpcId: "1",
    path: "",
    requestBody: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"forecast"}}',
    responseBody: '{"jsonrpc":"2.0","id":1,"result":{}}',
    status: "success",
    resultType: "complete",
    statusCode: 200,
    errorMessage: "",
    errorKind: "",
    errorCode: null,
    durationMs: 12,
    ttfbMs: 10,
    sourceIp: "127.0.0.1",
    headers: { accept: "application/json" },
    headerMismatches: [],
    sessionId: "",
    protocolVersion: "",
    clientName: "",
    clientVersion: "",
    requestBytes: 75,
    responseBytes: 36,
    requestTruncated: false,
    responseTruncated: false,
    traceId: "",
    startedAtMs,
    messages: [],
    ...changes,
  };
}

/** The body of every `validation_error` about one field. */
export function fieldError(field: string, message: string): WireProblem {
  const details = [{ field, message }];
  return { error: { code: "validation_error", message: `${field}: ${message}`, details } };
}

function openStores(engine: Engine, folder: string): { log: CallLog; registry: Registry } {
  if (engine === "memory") return { log: new MemoryCallLog(), registry: openMemoryRegistry() };
  return {
    log: SqliteCallLog.open(join(folder, "calls.db"), { mode: "write" }),
    registry: openSqliteRegistry(join(folder, "registry.db")),
  };
}

const unlimited: Plan = {
  name: "default",
  ...{ serversMax: 0, keysMax: 0, callsPerMonth: 0, retentionDays: 0, apiRequestsPerMinute: 0 },
};

/** Makes users with their teams, keys and tokens, by the verbs of the registry. */
class People {
  readonly #registry: Registry;
  readonly #access: Access;
  #made = 0;

  constructor(registry: Registry, access: Access) {
    this.#registry = registry;
    this.#access = access;
  }

  async found(): Promise<Person> {
    const { user, team } = await this.#registry.bootstrap(this.#newFounding("owner@example.com"));
    return this.#person(user, team.id, "owner");
  }

  async add(): Promise<Person> {
    const founding = this.#newFounding();
    await this.#register(founding);
    return this.#person(founding.user, founding.team.id, "owner");
  }

  async join(teamId: string, role: Role): Promise<Person> {
    const founding = this.#newFounding();
    const { user } = founding;
    await this.#register(founding);
    const [owner] = await this.#registry.members(teamId);
    const secretDigest = digestOf(newId());
    await this.#registry.addInvitation(
      {
        ...{ id: newId(), teamId, email: user.email, role, userId: owner?.userId ?? "" },
        ...{ secretDigest, createdAtMs: 1, expiresAtMs: now },
      },
      trail(teamId, "invitation.created"),
    );
    const { teamId: _, ...joined } = trail(teamId, "member.joined");
    // After the user's own team was made, so that the order of both is known.
    await this.#registry.acceptInvitation(secretDigest, user, { ...joined, atMs: 2 });
    return this.#person(user, teamId, role);
  }

  async addKey(
    { userId, teamId }: Pick<Person, "userId" | "teamId">,
    changes: Partial<ApiKey> = {},
  ): Promise<{ readonly key: string; readonly keyId: string }> {
    const key = newKeyText();
    const row: ApiKey = {
      ...{ id: newId(), teamId, userId, name: "a key", scopes },
      ...{ secretDigest: digestOf(key), lastFour: lastFourOf(key), createdAtMs: 1 },
      ...changes,
    };
    await this.#registry.addKey(row, 0);
    return { key, keyId: row.id };
  }

  async tokenOf(userId: string, teamId: string): Promise<string> {
    return (await this.#access.accessToken(await this.begin(userId, teamId))).text;
  }

  async begin(userId: string, teamId: string): Promise<Session> {
    const user = await this.#registry.findUser(userId);
    if (!user) throw new Error("there is no such user");
    const beginning = { kind: "token", proof: "password", sourceIp: "", teamId } as const;
    return (await this.#access.sessions.begin(user, beginning)).session;
  }

  async #person({ id: userId, email }: User, teamId: string, role: Role): Promise<Person> {
    const { key, keyId } = await this.addKey({ userId, teamId });
    const token = await this.tokenOf(userId, teamId);
    const credential = { kind: "key", id: keyId } as const;
    const caller = { userId, teamId, role, scopes: scopesOf(role), credential, sourceIp: "" };
    return { userId, teamId, role, email, key, keyId, token, caller };
  }

  #newFounding(email = `user${++this.#made}@example.com`): Founding {
    return {
      user: { id: newId(), email, createdAtMs: 1 },
      team: { id: newId(), name: "ours", plan: unlimited.name, createdAtMs: 1 },
    };
  }

  #register(founding: Founding): Promise<void> {
    const registered = trail(founding.team.id, "user.registered");
    return this.#registry.addUser(founding, undefined, registered);
  }
}

function trail(teamId: string, action: AuditAction): AuditEvent {
  return { teamId, action, sourceIp: "", subjectId: "", details: {}, atMs: 1 };
}

function isBytes(body: NonNullable<Ask["body"]>): body is string | Uint8Array<ArrayBuffer> {
  return typeof body === "string" || body instanceof Uint8Array;
}
