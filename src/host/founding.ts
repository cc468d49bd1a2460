/**
 * The first start: an owner, a team and an API key, so that there is something to work with. Later
 * starts only see to it that a key given by the operator is valid.
 */
import { digestOf, lastFourOf, newKeyText } from "../access/keys.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../id.ts";
import type { Founding, Registry } from "../store/registry.ts";
import type { Secret } from "./config.ts";

const operatorKeyName = "from HOOKWATCH_API_KEY";

export interface Keys {
  /** The text of a key made just now, which nobody will see again; absent when none was made. */
  readonly newKey: string | undefined;
  /** True for a key of ours, whatever its form. */
  isOwn(text: string): boolean;
}

export async function found(
  registry: Registry,
  apiKey: Secret | undefined,
  clock: Clock,
): Promise<Keys> {
  const createdAtMs = clock.nowMs();
  const founding = await registry.bootstrap({
    user: { id: newId(), email: "owner@localhost", createdAtMs },
    team: { id: newId(), name: "My team", createdAtMs },
  });
  const { id: teamId } = founding.team;
  let newKey: string | undefined;
  if (apiKey) await admitOperatorKey(registry, founding, apiKey.reveal(), createdAtMs);
  // Without any key nobody could ever sign in; a crash between making the team and its key heals here.
  else if ((await registry.keys(teamId)).length === 0) {
    newKey = newKeyText();
    await addKey(registry, founding, "first key", newKey, createdAtMs);
  }
  const keys = await registry.keys(teamId);
  return {
    newKey,
    // The last characters first: a digest for each foreign credential would cost each exchange.
    isOwn: (text) =>
      keys.some((key) => text.endsWith(key.lastFour) && key.secretDigest === digestOf(text)),
  };
}

/** The operator's key replaces the one given by an earlier start. */
async function admitOperatorKey(
  registry: Registry,
  founding: Founding,
  text: string,
  atMs: number,
): Promise<void> {
  const known = await registry.findKey(digestOf(text));
  if (known?.teamId === founding.team.id) return;
  for (const key of await registry.keys(founding.team.id)) {
    if (key.name === operatorKeyName) await registry.removeKey(founding.team.id, key.id);
  }
  await addKey(registry, founding, operatorKeyName, text, atMs);
}

async function addKey(
  registry: Registry,
  { user, team }: Founding,
  name: string,
  text: string,
  atMs: number,
): Promise<void> {
  await registry.addKey({
    id: newId(),
    teamId: team.id,
    userId: user.id,
    name,
    secretDigest: digestOf(text),
    lastFour: lastFourOf(text),
    createdAtMs: atMs,
  });
}
