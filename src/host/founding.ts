/**
 * The first start: an owner, a team and an API key, so that there is something to work with. Later
 * starts only see to it that a key given by the operator is valid, and that an owner without a password can sign in.
 */
import { lastFourOf, newKeyText } from "../access/keys.ts";
import { digestOf } from "../access/secret-text.ts";
import { newSignInLink } from "../access/sign-in-links.ts";
import { type ApiKey, scopes } from "../api-key.ts";
import type { AuditAction, AuditEvent } from "../audit.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../id.ts";
import type { Founding, Registry } from "../store/registry.ts";
import type { Secret } from "./config.ts";

const operatorKeyName = "from HOOKWATCH_API_KEY";

export interface Keys {
  /** The text of a key made just now, which nobody will see again; absent when none was made. */
  readonly newKey: string | undefined;
  /** Signs the owner in to the dashboard, once; absent when the owner has a password. */
  readonly signInUrl: string | undefined;
  /** True for a key of ours, whatever its form. */
  isOwn(text: string): boolean;
  /** What `isOwnAmong` tells them by. */
  readonly digests: readonly KeyDigest[];
}

export type KeyDigest = Pick<ApiKey, "lastFour" | "secretDigest">;

/** True for the text of one of the keys. */
export function isOwnAmong(digests: readonly KeyDigest[], text: string): boolean {
  // The last characters first: a digest for each foreign credential would cost each exchange.
  return digests.some((key) => text.endsWith(key.lastFour) && key.secretDigest === digestOf(text));
}

export async function found(
  registry: Registry,
  apiKey: Secret | undefined,
  clock: Clock,
  publicUrl: string,
): Promise<Keys> {
  const createdAtMs = clock.nowMs();
  const { team } = await bootstrapOwner(registry, clock);
  const { id: teamId } = team;
  const userId = await presentOwner(registry, teamId);
  const owner = { teamId, userId };
  let newKey: string | undefined;
  if (apiKey) await admitOperatorKey(registry, owner, apiKey.reveal(), createdAtMs);
  // Without any key nobody could ever sign in; a crash between making the team and its key heals here.
  else if ((await registry.keys(teamId)).length === 0) {
    newKey = newKeyText();
    await addKey(registry, owner, "first key", newKey, createdAtMs);
  }
  const digests = (await registry.keys(teamId)).map(({ lastFour, secretDigest }) => ({
    lastFour,
    secretDigest,
  }));
  const hasPassword = (await registry.passwordHash(userId)) !== undefined;
  const link = () => newSignInLink(registry, publicUrl, userId, createdAtMs);
  return {
    newKey,
    signInUrl: hasPassword ? undefined : await link(),
    isOwn: (text) => isOwnAmong(digests, text),
    digests,
  };
}

/** The installation's first user and team, made now if there are none. */
export function bootstrapOwner(
  registry: Pick<Registry, "bootstrap">,
  clock: Clock,
): Promise<Founding> {
  const createdAtMs = clock.nowMs();
  return registry.bootstrap({
    user: { id: newId(), email: "owner@localhost", createdAtMs },
    team: { id: newId(), name: "My team", plan: "default", createdAtMs },
  });
}

/**
 * The team's first owner of those there are: the founder, or whom the founder handed it over to. A team always has one.
 */
export async function presentOwner(
  registry: Pick<Registry, "members">,
  teamId: string,
): Promise<string> {
  const owner = (await registry.members(teamId)).find(({ role }) => role === "owner");
  if (!owner) throw new TypeError(`the team ${teamId} has no owner`);
  return owner.userId;
}

interface Owner {
  readonly teamId: string;
  readonly userId: string;
}

/** The operator's key replaces the one given by an earlier start. */
async function admitOperatorKey(
  registry: Registry,
  owner: Owner,
  text: string,
  atMs: number,
): Promise<void> {
  const known = await registry.findKey(digestOf(text));
  if (known?.teamId === owner.teamId) return;
  for (const key of await registry.keys(owner.teamId)) {
    if (key.name !== operatorKeyName) continue;
    await registry.removeKey(owner.teamId, key.id, trailOf("key.revoked", key, atMs));
  }
  await addKey(registry, owner, operatorKeyName, text, atMs);
}

async function addKey(
  registry: Registry,
  owner: Owner,
  name: string,
  text: string,
  atMs: number,
): Promise<void> {
  const key: ApiKey = {
    id: newId(),
    ...owner,
    name,
    scopes,
    secretDigest: digestOf(text),
    lastFour: lastFourOf(text),
    createdAtMs: atMs,
  };
  // What the operator sets up by hand is no plan's matter.
  await registry.addKey(key, 0, trailOf("key.created", key, atMs));
}

/** Nobody of the team does it, and over no socket. */
function trailOf(action: AuditAction, { id, teamId, name }: ApiKey, atMs: number): AuditEvent {
  return { teamId, action, sourceIp: "", subjectId: id, details: { name }, atMs };
}
