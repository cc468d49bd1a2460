/**
 * The first start: an owner, a team and an API key, so that there is something to work with. Later
 * starts only see to it that a key given by the operator is valid.
 */
import { digestOf, isKey, lastFourOf, newKeyText } from "../access/keys.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../id.ts";
import { invalid } from "../problem.ts";
import type { Founding, Registry } from "../store/registry.ts";
import type { Secret } from "./config.ts";

const operatorKeyName = "from HOOKWATCH_API_KEY";
const mistyped =
  "begins or ends with a blank, or has the form of a generated key but not its checksum: it was not copied whole";

/** Resolves to the text of a key made just now, which nobody will see again; absent when none was made. */
export async function found(
  registry: Registry,
  apiKey: Secret | undefined,
  clock: Clock,
): Promise<string | undefined> {
  const createdAtMs = clock.nowMs();
  const founding = await registry.bootstrap({
    user: { id: newId(), email: "owner@localhost", createdAtMs },
    team: { id: newId(), name: "My team", createdAtMs },
  });
  if (apiKey) {
    // It would be refused with every request; better at once.
    if (!isKey(apiKey.reveal())) throw invalid({ field: "HOOKWATCH_API_KEY", message: mistyped });
    await admitOperatorKey(registry, founding, apiKey.reveal(), createdAtMs);
    return undefined;
  }
  // Without any key nobody could ever sign in; a crash between making the team and its key heals here.
  if ((await registry.keys(founding.team.id)).length > 0) return undefined;
  const text = newKeyText();
  await addKey(registry, founding, "first key", text, createdAtMs);
  return text;
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
