/** Random histories of a registry: what may be asked of it, with arguments that often meet. */
import fc from "fast-check";
import { type ApiKey, scopes } from "../../../src/api-key.ts";
import type { AuditEvent } from "../../../src/audit.ts";
import { Problem } from "../../../src/problem.ts";
import { captureLevels, type Server, type ServerChanges } from "../../../src/server.ts";
import type { Registry } from "../../../src/store/registry.ts";
import { type Invitation, roles } from "../../../src/team.ts";
import { id } from "../builders.ts";
import { event } from "./samples.ts";

/** What has an answer that two drivers must agree on, but for `bootstrap`, which begins a history. */
export type Operation = Exclude<
  keyof Registry,
  "bootstrap" | "secret" | "watchServers" | typeof Symbol.asyncDispose
>;

export type Step = {
  readonly [Name in Operation]: {
    readonly name: Name;
    readonly given: Parameters<Registry[Name]>;
  };
}[Operation];

const few = ["a", "b", "c"] as const;
/** The first ones more often than the others, so that what belongs together meets. */
const skewed = (pool: readonly string[]) =>
  fc.constantFrom(...pool, ...pool.slice(0, 2), ...pool.slice(0, 1));
const oneOf = (what: string) => skewed(few.map((label) => id(`${what} ${label}`)));
export const users = few.map((label) => id(`user ${label}`));
export const teams = few.map((label) => id(`team ${label}`));
export const emails = few.map((label) => `${label}@example.com`);
const [userId, teamId, email] = [skewed(users), skewed(teams), skewed(emails)];
const digest = fc.constantFrom(...[..."abcde"].map((label) => `digest ${label}`));
const slug = fc.constantFrom(...[..."abcdef"].map((label) => `slug ${label}`));
const atMs = fc.nat({ max: 20 });
const limit = fc.constantFrom(0, 0, 1, 2);
const room = fc.constantFrom(1, 2, 100);
const ip = fc.constantFrom("192.0.2.1", "192.0.2.2");
const issuer = fc.constantFrom("https://a.example", "https://b.example");
const role = fc.constantFrom(...roles);
const decidedBy = fc.array(fc.record({ userId, role }), { maxLength: 2 });
const month = fc.constantFrom("2026-11", "2026-12");
const plan = fc.constantFrom("default", "pro");
const word = fc.constantFrom("one", "two");
const text = fc.string({ unit: "binary", maxLength: 4 }).map((some) => some.toWellFormed());
const action = fc.constantFrom("key.created" as const, "server.changed" as const);

/** `undefined` is a field that is absent. */
function record<Fields extends Record<string, unknown>>(
  fields: {
    [Name in keyof Fields]: fc.Arbitrary<Fields[Name]>;
  },
): fc.Arbitrary<Fields> {
  const present = (made: object) =>
    Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined));
  return fc.record(fields).map((made) => present(made) as Fields);
}
const maybe = <Value>(value: fc.Arbitrary<Value>) =>
  fc.option(value, { nil: undefined, freq: 2 }) as fc.Arbitrary<Value>;

const trail: fc.Arbitrary<AuditEvent> = record<{ [Name in keyof AuditEvent]: AuditEvent[Name] }>({
  teamId,
  action,
  userId: maybe(userId),
  credentialId: maybe(oneOf("key")),
  sourceIp: ip,
  subjectId: oneOf("server"),
  details: fc.dictionary(text, fc.oneof(text, fc.nat(), fc.boolean(), fc.constant(null)), {
    maxKeys: 2,
  }),
  atMs,
}).map((changes) => event("key.created", changes));
const anonymous = trail.map(({ teamId: _, ...rest }) => rest);

const user = fc.record({ id: userId, email, createdAtMs: atMs });
const team = fc.record({ id: teamId, name: text, plan, createdAtMs: atMs });
const session = fc.record({
  ...{ id: oneOf("session"), userId, teamId, sourceIp: ip },
  kind: fc.constantFrom("token" as const, "cookie" as const),
  ...{ createdAtMs: atMs, lastUsedAtMs: atMs, expiresAtMs: fc.integer({ min: 5, max: 30 }) },
});
const invitation: fc.Arbitrary<Invitation> = fc.record({
  ...{ id: oneOf("invitation"), teamId, email, role, userId, secretDigest: digest },
  ...{ createdAtMs: atMs, expiresAtMs: fc.integer({ min: 5, max: 30 }) },
});
const key: fc.Arbitrary<ApiKey> = record<{ [Name in keyof ApiKey]: ApiKey[Name] }>({
  ...{ id: oneOf("key"), teamId, userId, name: text, secretDigest: digest, createdAtMs: atMs },
  scopes: fc.subarray([...scopes]),
  lastFour: fc.constant("abcd"),
  ...{ expiresAtMs: maybe(atMs), lastUsedAtMs: maybe(atMs), lastUsedIp: maybe(ip) },
});
const serverFields = {
  ...{ name: text, targetUrl: fc.constantFrom("https://a.example/", "https://b.example/") },
  ...{ isActive: fc.boolean(), captureLevel: fc.constantFrom(...captureLevels) },
};
const server: fc.Arbitrary<Server> = record<{ [Name in keyof Server]: Server[Name] }>({
  ...serverFields,
  ...{ id: oneOf("server"), userId, teamId, slug, createdAtMs: atMs, updatedAtMs: atMs },
  upstreamIdleTimeoutMs: maybe(fc.constantFrom(100, 200)),
});
const serverChanges: fc.Arbitrary<ServerChanges> = record<{
  [Name in keyof ServerChanges]: ServerChanges[Name];
}>({
  name: maybe(serverFields.name),
  targetUrl: maybe(serverFields.targetUrl),
  isActive: maybe(serverFields.isActive),
  captureLevel: maybe(serverFields.captureLevel),
  upstreamIdleTimeoutMs: maybe(fc.constantFrom(null, 100, 200)),
  slug: maybe(slug),
});
const auditQuery = record<Parameters<Registry["audit"]>[1] & Record<string, unknown>>({
  beforeSeq: maybe(fc.nat({ max: 30 })),
  limit: fc.constantFrom(1, 3, 100),
  actions: fc.uniqueArray(action),
  userId: maybe(userId),
  subjectId: maybe(oneOf("server")),
  fromMs: maybe(atMs),
  toMs: maybe(atMs),
});

type Given = { readonly [Name in Operation]: fc.Arbitrary<Parameters<Registry[Name]>> };

const reading = {
  findUser: fc.tuple(userId),
  findUserByEmail: fc.tuple(email),
  passwordHash: fc.tuple(userId),
  findIdentity: fc.tuple(issuer, word),
  findTeam: fc.tuple(teamId),
  teams: fc.tuple(),
  teamsOf: fc.tuple(userId),
  roleOf: fc.tuple(teamId, userId),
  members: fc.tuple(teamId),
  invitations: fc.tuple(teamId),
  hasIdentity: fc.tuple(issuer, userId),
  findInvitation: fc.tuple(digest),
  findSession: fc.tuple(oneOf("session")),
  findSessionBySecret: fc.tuple(digest),
  sessions: fc.tuple(userId),
  findKey: fc.tuple(digest),
  keys: fc.tuple(teamId),
  servers: fc.tuple(teamId),
  findServer: fc.tuple(teamId, oneOf("server")),
  removedServers: fc.tuple(),
  usage: fc.tuple(month),
  audit: fc.tuple(teamId, auditQuery),
} satisfies Partial<Given>;

const changing = {
  addUser: fc.tuple(fc.record({ user, team }), fc.option(word, { nil: undefined }), trail),
  setPasswordHash: fc.tuple(
    userId,
    fc.option(word, { nil: undefined }),
    word,
    fc.option(oneOf("session"), { nil: undefined }),
    trail,
  ),
  upgradePasswordHash: fc.tuple(userId, word, word),
  addIdentity: fc.tuple(issuer, word, userId),
  addTeam: fc.oneof(fc.tuple(team, userId, trail), fc.tuple(team, userId, trail, room)),
  changeTeam: fc.tuple(
    teamId,
    fc.record({ name: text, plan }, { requiredKeys: [] }) as fc.Arbitrary<{ name?: string }>,
    trail,
  ),
  setRole: fc.oneof(
    fc.tuple(teamId, userId, role, trail),
    fc.tuple(teamId, userId, role, trail, decidedBy),
  ),
  removeMember: fc.oneof(
    fc.tuple(teamId, userId, trail),
    fc.tuple(teamId, userId, trail, decidedBy),
  ),
  addInvitation: fc.oneof(fc.tuple(invitation, trail), fc.tuple(invitation, trail, room)),
  removeInvitation: fc.tuple(teamId, oneOf("invitation"), trail),
  acceptInvitation: fc.tuple(digest, user, anonymous),
  addSession: fc.tuple(session, digest),
  rotateSession: fc.tuple(digest, digest, atMs),
  changeSession: fc.tuple(
    oneOf("session"),
    fc.record({ teamId, lastUsedAtMs: atMs }, { requiredKeys: [] }) as fc.Arbitrary<object>,
  ),
  endSession: fc.tuple(oneOf("session")),
  pruneSessions: fc.tuple(atMs),
  addSignInLink: fc.tuple(digest, userId, fc.integer({ min: 5, max: 30 })),
  spendSignInLink: fc.tuple(digest, atMs),
  addKey: fc.oneof(fc.tuple(key, limit), fc.tuple(key, limit, trail)),
  removeKey: fc.oneof(fc.tuple(teamId, oneOf("key")), fc.tuple(teamId, oneOf("key"), trail)),
  noteKeyUse: fc.oneof(fc.tuple(oneOf("key"), atMs, ip), fc.tuple(oneOf("key"), atMs, ip, trail)),
  addServer: fc.oneof(fc.tuple(server, limit), fc.tuple(server, limit, trail)),
  changeServer: fc.tuple(
    ...([teamId, oneOf("server"), serverChanges, atMs] as const),
    fc.array(trail, { maxLength: 2 }),
  ),
  removeServer: fc.oneof(
    fc.tuple(teamId, oneOf("server")),
    fc.tuple(teamId, oneOf("server"), trail),
  ),
  forgetServer: fc.tuple(teamId, oneOf("server")),
  addUsage: fc.tuple(
    month,
    fc.array(fc.record({ teamId, calls: fc.nat({ max: 5 }) }), { maxLength: 3 }),
  ),
  addAudit: fc.tuple(trail),
} satisfies Partial<Given>;

export const operations = { ...reading, ...changing } satisfies Given;

/** More often than once: what several things have to be there for. */
const weights: { readonly [Name in Operation]?: number } = {
  ...{ addUser: 8, addSession: 2, rotateSession: 5, addInvitation: 3, acceptInvitation: 6 },
  ...{ setRole: 2, removeMember: 3, addKey: 2, addServer: 2, changeServer: 3 },
};

function stepsOf(given: Partial<Given>): fc.Arbitrary<Step> {
  const weighted = Object.entries(given).map(([name, arbitrary]) => ({
    weight: weights[name as Operation] ?? 1,
    arbitrary: (arbitrary as fc.Arbitrary<unknown>).map(
      (values) => ({ name, given: values }) as Step,
    ),
  }));
  return fc.oneof(...weighted);
}

export const history: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ weight: 1, arbitrary: stepsOf(reading) }, { weight: 4, arbitrary: stepsOf(changing) }),
  { minLength: 50, maxLength: 150, size: "max" },
);

/** Everything that can be asked of what histories leave. */
export function everything(): Step[] {
  const asked: Step[] = [
    { name: "teams", given: [] },
    { name: "removedServers", given: [] },
  ];
  for (const each of ["2026-11", "2026-12"]) asked.push({ name: "usage", given: [each] });
  for (const each of emails) asked.push({ name: "findUserByEmail", given: [each] });
  for (const each of users)
    asked.push(
      { name: "passwordHash", given: [each] },
      { name: "teamsOf", given: [each] },
      { name: "sessions", given: [each] },
    );
  for (const each of teams)
    asked.push(
      ...(["members", "invitations", "keys", "servers"] as const).map(
        (name): Step => ({ name, given: [each] }),
      ),
      { name: "audit", given: [each, { limit: 1_000, actions: [] }] },
    );
  return asked;
}

/** Does a step. Refusals are answers. */
export async function take(registry: Registry, { name, given }: Step): Promise<unknown> {
  try {
    // The union of all methods takes the union of all arguments, which belong together here.
    const method = registry[name] as (...values: readonly unknown[]) => Promise<unknown>;
    return await method(...given);
  } catch (cause) {
    if (!(cause instanceof Problem)) throw cause;
    return { refused: cause.code, because: cause.message };
  }
}
