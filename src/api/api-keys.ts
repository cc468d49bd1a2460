/**
 * `/v1/api-keys`: the API keys of the caller's team.
 *
 * Guarantees: a key is shown once, when it is made, and never again; nobody makes one that may do more than
 * its maker. Bounds: the plan's for keys that work; 1,000 of a team that have expired.
 */
import { lastFourOf, newKeyText } from "../access/keys.ts";
import { digestOf } from "../access/secret-text.ts";
import { type ApiKey, parseKeyName, type Scope, scopes } from "../api-key.ts";
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../id.ts";
import type { Plan } from "../plan.ts";
import { invalid, Problem } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import { checked } from "./fields.ts";
import { found, operation } from "./operation.ts";
import { parseInstant } from "./query-fields.ts";
import { trailOf } from "./trail.ts";
import {
  apiKeyListSchema,
  madeApiKeySchema,
  newApiKeySchema,
  type WireApiKey,
} from "./wire-keys.ts";

export interface ApiKeysOptions {
  readonly registry: Pick<Registry, "keys" | "addKey" | "removeKey">;
  readonly planOf: (teamId: string) => Promise<Plan>;
  readonly clock: Pick<Clock, "nowMs">;
}

const tag = "API keys";
const needs = { scope: "keys:manage" } as const;
const dayMs = 86_400_000;
const ageDefaultMs = 90 * dayMs;
/** Some 100 years: what lies further ahead is a mistake, and "never" can be said. */
const ageMaxMs = 36_500 * dayMs;
const expiredMax = 1_000;

export function apiKeys({ registry, planOf, clock }: ApiKeysOptions) {
  const { name, scopes: asked, expires_at } = newApiKeySchema.shape;
  const body = newApiKeySchema.extend({
    name: name.transform(checked(parseKeyName)),
    scopes: asked.transform(checked((given?: Scope[]) => given && checkScopes(given))),
    expires_at: expires_at.transform(checked(parseExpiry)),
  });
  return {
    list: operation({
      name: "listApiKeys",
      tag,
      summary: "List API keys",
      needs,
      result: apiKeyListSchema,
      run: async ({ caller }) => {
        const all = await registry.keys(caller.teamId);
        return { data: all.map(toWire), total: all.length };
      },
    }),

    create: operation({
      name: "createApiKey",
      tag,
      summary: "Create an API key",
      description: "Bound to the team, acting on your behalf. `key` is shown in this answer alone.",
      needs,
      body: body.openapi("ApiKeyRequest"),
      result: madeApiKeySchema,
      created: true,
      problems: ["plan_limit_reached"],
      run: async ({ caller, body: given }) => {
        const text = newKeyText();
        const key = toKey(given, caller, text, clock.nowMs());
        refuseMoreExpired(await registry.keys(caller.teamId), clock.nowMs());
        const { keysMax } = await planOf(caller.teamId);
        const trail = trailOf(caller, clock.nowMs(), "key.created", key.id, detailsOf(key));
        await registry.addKey(key, keysMax, trail);
        return { ...toWire(key), key: text };
      },
    }),

    remove: operation({
      name: "deleteApiKey",
      tag,
      summary: "Delete an API key",
      description: "Refused from now on, also where an answer to it is still going on.",
      needs,
      ids: ["id"],
      run: async ({ caller, id }) => {
        const all = await registry.keys(caller.teamId);
        const key = found(
          all.find((one) => one.id === id),
          "API key",
        );
        const trail = trailOf(caller, clock.nowMs(), "key.revoked", id, detailsOf(key));
        found((await registry.removeKey(caller.teamId, id, trail)) || undefined, "API key");
      },
    }),
  };
}

/** Without duplicates, in the order of `scopes`. @throws Problem `validation_error` — a scope alone that is good for nothing. */
function checkScopes(given: readonly Scope[]): readonly Scope[] {
  if (given.includes("calls:bodies") && !given.includes("calls:read") && !given.includes("admin")) {
    throw invalid({ field: "scopes", message: "calls:bodies is of no use without calls:read" });
  }
  return scopes.filter((scope) => given.includes(scope));
}

function parseExpiry(text: string | null | undefined): number | null | undefined {
  return typeof text === "string" ? parseInstant(text) : text;
}

interface Given {
  readonly name: string;
  readonly scopes?: readonly Scope[] | undefined;
  readonly expires_at?: number | null | undefined;
}

function toKey(
  { name, scopes: asked, expires_at: expiresAtMs }: Given,
  { teamId, userId, ...caller }: Caller,
  text: string,
  nowMs: number,
): ApiKey {
  const beyond = asked?.filter((scope) => !caller.scopes.has(scope)) ?? [];
  if (beyond.length > 0) {
    const message = `a key may do no more than who makes it, and you do not have ${beyond.join(", ")}`;
    throw new Problem("forbidden", message);
  }
  const { expiresAtMs: lastMs = Infinity } = caller.credential;
  const endMs = expiresAtMs === undefined ? Math.min(nowMs + ageDefaultMs, lastMs) : expiresAtMs;
  // What a leaked key makes ends with it at the latest.
  if ((endMs ?? Infinity) > lastMs) {
    const message = `must not be after that of the key that makes it, ${toTime(lastMs)}`;
    throw invalid({ field: "expires_at", message });
  }
  if (endMs !== null && (endMs <= nowMs || endMs > nowMs + ageMaxMs)) {
    const message = "must be in the future, within 100 years; null means never";
    throw invalid({ field: "expires_at", message });
  }
  return {
    ...{ id: newId(), teamId, userId, name },
    scopes: asked ?? scopes.filter((scope) => caller.scopes.has(scope)),
    secretDigest: digestOf(text),
    lastFour: lastFourOf(text),
    createdAtMs: nowMs,
    ...(endMs !== null && { expiresAtMs: endMs }),
  };
}

/** They do not count for the plan. @throws Problem `plan_limit_reached` — too many are kept. */
function refuseMoreExpired(keys: readonly ApiKey[], nowMs: number): void {
  const expired = keys.filter(({ expiresAtMs = Infinity }) => expiresAtMs <= nowMs);
  if (expired.length < expiredMax) return;
  const message = `${expiredMax} keys that have expired are kept, which is the limit; delete some first`;
  throw new Problem("plan_limit_reached", message);
}

function detailsOf({ name, lastFour, scopes: granted, userId, expiresAtMs }: ApiKey) {
  return {
    ...{ name, last_four: lastFour, scopes: granted.join(" "), user_id: userId },
    expires_at: toTime(expiresAtMs),
  };
}

function toWire(key: ApiKey): WireApiKey {
  return {
    id: key.id,
    name: key.name,
    masked: `hw_…${key.lastFour}`,
    scopes: key.scopes,
    user_id: key.userId,
    created_at: new Date(key.createdAtMs).toISOString(),
    expires_at: toTime(key.expiresAtMs),
    last_used_at: toTime(key.lastUsedAtMs),
    last_used_ip: key.lastUsedIp ?? null,
  };
}

function toTime(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
