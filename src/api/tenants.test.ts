/**
 * Who gets what: every operation of the OpenAPI document × everyone who may ask × every kind of id.
 *
 * What is expected of each operation stands in the table below; an operation that is not in it fails. Two things
 * hold for all of them: what belongs to another team is answered as what never was, to the byte; and who is
 * refused changes nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callOf, type Engine, engines, openRig, type Person } from "../../test/api/rig.ts";
import { digestOf, newSecretText } from "../access/secret-text.ts";
import { type Scope, scopes } from "../api-key.ts";
import { newId } from "../id.ts";
import type { Role } from "../team.ts";

interface Expected {
  /** `anyone`: any credential will do. `open`: none is looked at. */
  readonly needs: Scope | "anyone" | "open";
  /** Demanded when it runs, so that the document does not tell it as a requirement. */
  readonly also?: Scope;
  /** What API keys need besides. */
  readonly ofKeys?: Scope | "never";
  /** The status of an answer to who may. */
  readonly ok: number;
  readonly body?: (world: World, asker: Person) => object | Promise<object>;
}

const url = "https://example.com/mcp";
const person = { needs: "anyone", ofKeys: "never" } as const;

const expectations: Readonly<Record<string, Expected>> = {
  listSignInMethods: { needs: "open", ok: 200 },
  register: { needs: "open", ok: 400, body: () => ({}) },
  login: { needs: "open", ok: 400, body: () => ({}) },
  signInByLink: { needs: "open", ok: 400, body: () => ({}) },
  refresh: { needs: "open", ok: 400, body: () => ({}) },
  startOidc: { needs: "open", ok: 404 },
  finishOidc: { needs: "open", ok: 404 },
  logout: { ...person, ok: 204 },
  getMe: { needs: "anyone", ok: 200 },
  changePassword: { ...person, ok: 204, body: () => ({ new_password: newId() }) },
  switchTeam: { ...person, ok: 200, body: (_, { teamId }) => ({ team_id: teamId }) },
  listSessions: { ...person, ok: 200 },
  deleteSession: { ...person, ok: 204 },

  listTeams: { needs: "anyone", ok: 200 },
  createTeam: { ...person, ok: 201, body: () => ({ name: "new" }) },
  getTeam: { needs: "anyone", ok: 200 },
  renameTeam: { needs: "admin", ok: 200, body: () => ({ name: "renamed" }) },
  listMembers: { needs: "anyone", ofKeys: "admin", ok: 200 },
  changeMember: { needs: "admin", ok: 200, body: () => ({ role: "member" }) },
  removeMember: { needs: "anyone", also: "admin", ofKeys: "admin", ok: 204 },
  listInvitations: { needs: "admin", ok: 200 },
  createInvitation: {
    ...{ needs: "admin", ok: 201 },
    body: () => ({ email: `${newId()}@example.com`, role: "viewer" }),
  },
  deleteInvitation: { needs: "admin", ok: 204 },
  acceptInvitation: {
    ...{ ...person, ok: 200 },
    // To a team that is new to everyone.
    body: async ({ invite, rig }, { email }) => ({
      token: (await invite(email, await rig.addStranger())).token,
    }),
  },
  getUsage: { needs: "anyone", ok: 200 },

  listApiKeys: { needs: "keys:manage", ok: 200 },
  createApiKey: { needs: "keys:manage", ok: 201, body: () => ({ name: "new" }) },
  deleteApiKey: { needs: "keys:manage", ok: 204 },

  listAuditEntries: { needs: "admin", ok: 200 },

  listServers: { needs: "servers:read", ok: 200 },
  createServer: { needs: "servers:write", ok: 201, body: () => ({ name: "n", target_url: url }) },
  getServer: { needs: "servers:read", ok: 200 },
  changeServer: { needs: "servers:write", ok: 200, body: () => ({ name: "renamed" }) },
  deleteServer: { needs: "servers:write", ok: 204 },
  rotateServerSlug: { needs: "servers:write", ok: 200 },
  addDemoServer: { needs: "servers:write", ok: 200 },
  checkConnection: { needs: "servers:write", ok: 200, body: () => ({ target_url: url }) },
  checkServer: { needs: "servers:write", ok: 200, body: () => ({}) },
  testServer: { needs: "servers:write", ok: 200, body: () => ({}) },

  listCalls: { needs: "calls:read", ok: 200 },
  countCalls: { needs: "calls:read", ok: 200 },
  getCall: { needs: "calls:read", ok: 200 },
  deleteCall: { needs: "calls:delete", ok: 204 },
  listCallMessages: { needs: "calls:bodies", ok: 200 },
  replayCall: { needs: "servers:write", also: "calls:bodies", ok: 202, body: () => ({}) },
  getCallMetrics: { needs: "calls:read", ok: 200 },
  getCallFacets: { needs: "calls:read", ok: 200 },
  getCallHistogram: { needs: "calls:read", ok: 200 },
  listCallLosses: { needs: "calls:read", ok: 200 },
  streamCalls: { needs: "calls:read", ok: 200 },
  exportCalls: { needs: "calls:read", ok: 200 },
};

/** Written down once more, apart from the code that is tested. */
const reading: readonly Scope[] = ["servers:read", "calls:read", "calls:bodies"];
const scopesOf: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: reading,
  member: [...reading, "servers:write"],
  admin: scopes,
  owner: scopes,
};

/** Ids that are none, some of them meant to be something else to SQL, JavaScript or a path. */
const malformedIds = [
  "1",
  "' OR '1'='1",
  "0192aaaa-0000-7000-8000-000000000001' --",
  "0192aaaa-0000-7000-8000-000000000001%00",
  "__proto__",
  "constructor",
  "null",
  "0192aaaa-0000-7000-8000-00000000000g",
  "{0192aaaa-0000-7000-8000-000000000001}",
];

/** That nobody may set by sending them along: whose it is, what it is known by, and what objects inherit. */
const foreignFields = [
  ...["id", "user_id", "owner_id", "slug", "created_at", "plan", "isAdmin"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"],
];

interface Place {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

const places = await readPlaces();

test("every operation is expected, and every expectation is of an operation", () => {
  const described = places.map(({ operationId }) => operationId).toSorted();
  expect(Object.keys(expectations).toSorted()).toEqual(described);
});

test.for(places)("$operationId says in the document what it needs", (place) => {
  const { needs, ofKeys } = expectationOf(place);
  const shown = needs === "anyone" || needs === "open" ? [] : [needs];
  const byKey = ofKeys === undefined ? shown : [...shown, ofKeys];
  const bearer = [{ bearer: shown }];
  if (needs === "open") expect(place.security).toEqual([]);
  else expect(place.security).toEqual(ofKeys === "never" ? bearer : [...bearer, { apiKey: byKey }]);
});

const open = places.filter((place) => expectationOf(place).needs === "open");
const closed = places.filter((place) => expectationOf(place).needs !== "open");

describe("an open operation answers everyone alike, whatever comes with it", () => {
  const opened = worldForAll();
  test.for(open)("$operationId", async (place) => {
    const world = opened();
    const answers = new Set<string>();
    for (const credential of [null, "hw_none", world.founder.key, world.stranger.token]) {
      const answer = await world.send(place, [], credential, world.founder);
      expect(answer.status).toBe(expectationOf(place).ok);
      answers.add(answer.text);
    }
    expect(answers.size).toBe(1);
  });
});

describe("without a good credential nothing is told", () => {
  const opened = worldForAll();
  test.for(closed)("$operationId", async (place) => {
    const world = opened();
    const { founder } = world;
    const bad = {
      none: { credential: null, code: "authentication_required" },
      malformed: { credential: `hw_${"0".repeat(49)}`, code: "invalid_token" },
      revoked: { credential: await world.revokedKey(), code: "invalid_token" },
      ended: { credential: await world.endedToken(), code: "invalid_token" },
      expired: { credential: await world.expiredKey(), code: "token_expired" },
    };
    for (const [why, { credential, code }] of Object.entries(bad)) {
      const texts = new Set<string>();
      for (const ids of await world.everyTarget(place, founder)) {
        const answer = await world.send(place, ids, credential, founder);
        expect(answer, why).toMatchObject({ status: 401, text: expect.stringContaining(code) });
        texts.add(answer.text);
      }
      expect(texts.size).toBe(1);
    }
  });
});

const askers = (["viewer", "member", "admin", "owner"] as const).flatMap((role) =>
  (["key", "token"] as const).map((kind) => ({ role, kind })),
);

describe.for(closed)("$operationId", (place) => {
  const opened = worldForAll();
  const expected = expectationOf(place);
  const named = idsOf(place.path);

  test.for(askers)("by $kind of role $role", async ({ role, kind }) => {
    const world = opened();
    const asker = await world.person(role);
    const granted = (scope: Scope) => scopesOf[role].includes(scope);
    await expectAnswers(world, place, { asker, kind, may: mayDo(expected, kind, granted) });
  });

  if (expected.needs !== "anyone" || expected.ofKeys)
    test("by a key of the owner without the scope", async () => {
      const world = opened();
      const lacking = [expected.needs, expected.also, expected.ofKeys, "admin"];
      const kept = scopes.filter((scope) => !lacking.includes(scope));
      const { key } = await world.rig.addKey(world.founder, { scopes: kept });
      const asker = { ...world.founder, key };
      await expectAnswers(world, place, { asker, kind: "key", may: false });
    });

  if (expected.body)
    test("takes no field that it does not know, and no prototype's", async () => {
      const world = opened();
      const asker = world.founder;
      const ids = await world.own(place, asker);
      const before = await world.look(place, ids);
      const given = JSON.stringify(await expected.body?.(world, asker));
      for (const field of foreignFields) {
        const body = given.replace(/^\{/, `{"${field}":"${newId()}"${given === "{}" ? "" : ","}`);
        const credential = await world.credential(asker, "token");
        const { status, text } = await world.send(place, ids, credential, asker, body);
        expect(status, text).toBe(400);
        expect(JSON.parse(text).error.details).toMatchObject([{ field }]);
      }
      expect(await world.look(place, ids)).toEqual(before);
    });

  test.for(engines)("by another team's owner, on %s", async (engine) => {
    await using world = await openWorld(engine);
    const { stranger, founder } = world;
    for (const kind of ["key", "token"] as const) {
      const may = mayDo(expected, kind, () => true);
      const ours = await world.own(place, founder);
      const before = await world.look(place, ours);
      const asked = await world.credential(stranger, kind);
      const answer = await world.send(place, ours, asked, stranger);
      if (named.length > 0) {
        const random = named.map(() => newId());
        const credential = await world.credential(stranger, kind);
        expect(answer).toEqual(await world.send(place, random, credential, stranger));
        expect(answer.status).toBe(isOfTeam(place) || may ? 404 : 403);
        expect(await world.look(place, ours)).toEqual(before);
      } else expect(answer.status).toBe(may ? expected.ok : 403);
      for (const secret of world.secrets) expect(answer.text).not.toContain(secret);
    }
  });
});

/** Of own, foreign, random and malformed ids, at each place of an id in the path. */
async function expectAnswers(
  world: World,
  place: Place,
  {
    asker,
    kind,
    may,
  }: { readonly asker: Person; readonly kind: "key" | "token"; readonly may: boolean },
): Promise<void> {
  const { ok } = expectationOf(place);
  const send = async (ids: readonly string[]) =>
    world.send(place, ids, await world.credential(asker, kind), asker);

  const own = await world.own(place, asker);
  const before = await world.look(place, own);
  const answer = await send(own);
  expect(answer.status, answer.text).toBe(may ? ok : 403);
  if (!may) {
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: "forbidden" } });
    expect(await world.look(place, own)).toEqual(before);
  }

  const foreign = await world.own(place, world.stranger);
  const theirs = await world.look(place, foreign);
  for (const [at] of own.entries()) {
    const others = await world.own(place, asker);
    const withId = (id: string) => others.with(at, id);
    const ofOthers = await send(withId(foreign[at] ?? ""));
    const ofNobody = await send(withId(newId()));
    expect(ofOthers).toEqual(ofNobody);
    const isTeam = at === 0 && isOfTeam(place);
    expect(ofNobody.status, ofNobody.text).toBe(isTeam || may ? 404 : 403);
    for (const id of malformedIds) {
      const { status, text } = await send(withId(id.includes("%") ? id : encodeURI(id)));
      expect(status, `${id}: ${text}`).toBe(400);
      expect(JSON.parse(text).error.details).toMatchObject([{ field: idsOf(place.path)[at] }]);
    }
  }
  expect(await world.look(place, foreign)).toEqual(theirs);
}

function mayDo(
  { needs, also, ofKeys }: Expected,
  kind: "key" | "token",
  granted: (scope: Scope) => boolean,
): boolean {
  const asked = [needs, also, kind === "key" ? ofKeys : undefined];
  return asked.every(
    (need) =>
      need === undefined ||
      need === "anyone" ||
      (need !== "never" && need !== "open" && granted(need)),
  );
}

function expectationOf({ operationId }: Place): Expected {
  const expected = Object.hasOwn(expectations, operationId) && expectations[operationId];
  return expected || { needs: "admin", ok: 0 };
}

function idsOf(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}

function isOfTeam({ path }: Place): boolean {
  return path.startsWith("/v1/teams/{id}");
}

async function readPlaces(): Promise<readonly Place[]> {
  await using rig = await openRig("memory");
  type Document = { paths: Record<string, Record<string, Omit<Place, "method" | "path">>> };
  const { body } = await rig.ask<Document>("GET", "/openapi.json");
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, security }]) => ({
      ...{ method: method.toUpperCase(), path, operationId, security },
    })),
  );
}

/** One for all tests of a block, each of which makes anew what it changes. */
function worldForAll(): () => World {
  let world: World | undefined;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  return () => {
    if (!world) throw new Error("there is no world yet");
    return world;
  };
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** Two teams with something of everything in each. */
async function openWorld(engine: Engine = "memory") {
  const report = { steps: [], era: null, transport: null, protocolVersion: "", serverInfo: null };
  const rig = await openRig(engine, {
    access: { passwordCost: { memoryKiB: 8, passes: 1, lanes: 1 } },
    checkConnection: async () => ({ ...report, tools: [], moreTools: false }),
    testCall: async () => ({ callId: newId(), method: "ping", statusCode: 200, errorMessage: "" }),
    replay: async () => ({ callId: newId(), ended: Promise.resolve() }),
    startDemo: async () => "http://127.0.0.1:3001/mcp",
  });
  const { founder } = rig;
  const stranger = await rig.addStranger();
  const server = await rig.addServer("a server of ours alone");

  async function send(
    { method, path, operationId }: Place,
    ids: readonly string[],
    credential: string | null,
    asker: Person,
    text?: string,
  ) {
    const place = idsOf(path).reduce(
      (text, name, at) => text.replace(`{${name}}`, ids[at] ?? ""),
      path,
    );
    const made = text ?? (await expectations[operationId]?.body?.(world, asker));
    const body = typeof made === "object" ? JSON.stringify(made) : made;
    const response = await rig.app.request(place, {
      method,
      headers: credential === null ? {} : { authorization: `Bearer ${credential}` },
      ...(body !== undefined && { body }),
    });
    const { status, headers } = response;
    const isEndless = headers.get("content-type")?.startsWith("text/event-stream");
    if (isEndless) await response.body?.cancel();
    const fields = [...headers].filter(([name]) => name !== "x-request-id");
    return { status, fields, text: isEndless ? "" : await response.text() };
  }

  async function invite(email: string, { teamId, userId }: Person) {
    const token = newSecretText("invitation");
    const id = newId();
    const atMs = Date.now();
    await rig.registry.addInvitation(
      {
        ...{ id, teamId, email, role: "viewer", userId, secretDigest: digestOf(token) },
        ...{ createdAtMs: atMs, expiresAtMs: atMs + 1e9 },
      },
      { teamId, action: "invitation.created", sourceIp: "", subjectId: id, details: {}, atMs },
    );
    return { id, token };
  }

  /** Something new of a team, of the kind that stands at the place. */
  async function make(path: string, name: string, owner: Person): Promise<string> {
    const { teamId, userId } = owner;
    // Who may have anything made in that team.
    const maker = owner === stranger ? stranger : founder;
    if (name === "user_id") return (await rig.addMember("viewer", teamId)).userId;
    if (name === "invitation_id") return (await invite(`${newId()}@x.example`, maker)).id;
    if (path.startsWith("/v1/teams/")) return teamId;
    if (path.startsWith("/v1/api-keys/")) return (await rig.addKey(owner)).keyId;
    if (path.startsWith("/v1/auth/sessions/")) return rig.sessionOf(userId, teamId);
    const made = await rig.addServer(newId(), maker.key);
    if (path.startsWith("/v1/mcp/servers/")) return made.id;
    const call = callOf(owner, { serverId: made.id });
    await rig.log.append([call]);
    return call.id;
  }

  const own = async (place: Place, owner: Person): Promise<string[]> => {
    const ids: string[] = [];
    for (const name of idsOf(place.path)) ids.push(await make(place.path, name, owner));
    return ids;
  };

  const world = {
    ...{ rig, founder, stranger, send, invite, own },
    /** What only our team may see. */
    secrets: [founder.teamId, founder.email, server.id, server.slug, founder.keyId],
    person: async (role: Role) => (role === "owner" ? founder : await rig.addMember(role)),
    /** A new one each time: some operations end what they are asked with. */
    credential: ({ userId, teamId, key }: Person, kind: "key" | "token") =>
      kind === "key" ? key : rig.tokenOf(userId, teamId),
    everyTarget: async (place: Place, owner: Person) => {
      const mine = await own(place, owner);
      if (mine.length === 0) return [[]];
      const [theirs, none] = [await own(place, stranger), mine.map(() => newId())];
      return [mine, theirs, none, mine.map(() => "x")];
    },
    /** All that there is to know of what the ids of a path name. */
    look: async (place: Place, ids: readonly string[]) => {
      const [id = "", second = ""] = ids;
      const found = [];
      for (const { teamId, userId } of [founder, stranger]) {
        const [members, invitations] = [rig.registry.members(id), rig.registry.invitations(id)];
        found.push(
          await rig.registry.findServer(teamId, id),
          await rig.log.find(teamId, id),
          (await rig.registry.keys(teamId)).filter((key) => key.id === id).map(({ name }) => name),
          (await rig.registry.sessions(userId)).filter((session) => session.id === id).length,
          (await members).filter((member) => member.userId === second),
          (await invitations).filter((invitation) => invitation.id === second),
        );
      }
      return JSON.stringify([place.path, await rig.registry.findTeam(id), found]);
    },
    revokedKey: async () => {
      const { key, keyId } = await rig.addKey(founder);
      await rig.registry.removeKey(founder.teamId, keyId);
      return key;
    },
    expiredKey: async () => (await rig.addKey(founder, { expiresAtMs: 2 })).key,
    endedToken: async () => {
      const token = await rig.tokenOf(founder.userId, founder.teamId);
      for (const { id } of await rig.registry.sessions(founder.userId))
        await rig.registry.endSession(id);
      return token;
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
  return world;
}
