/**
 * What an operation needs of who asks, and the one place that refuses who does not have it.
 *
 * Asked before anything is looked up: a refusal says what the caller lacks and nothing of what there is.
 */
import type { Scope } from "../api-key.ts";
import type { Caller } from "../caller.ts";
import { Problem } from "../problem.ts";

export interface Needs {
  /** `anyone`: who has a credential. */
  readonly scope: Scope | "anyone";
  /** Of API keys, which see no more of a team than what they are for; absent: as of everyone. */
  readonly ofKeys?: Scope | "never";
}

/** @throws Problem `forbidden` — naming what the caller lacks. */
export function demand(caller: Caller, { scope, ofKeys }: Needs): void {
  if (scope !== "anyone") demandScope(caller, scope);
  if (caller.credential.kind !== "key" || ofKeys === undefined) return;
  if (ofKeys === "never")
    throw new Problem("forbidden", "an API key may not do this, only a user who signed in");
  demandScope(caller, ofKeys);
}

/** @throws Problem `forbidden` — naming the scope and whose it would have to be. */
export function demandScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.has(scope)) return;
  const { role, credential } = caller;
  const holder =
    credential.kind === "key" ? `this API key of a user with the role ${role}` : `the role ${role}`;
  throw new Problem("forbidden", `this needs the scope ${scope}, which ${holder} does not have`);
}

/** For answers that go on while rights change. @throws Problem `forbidden` — the caller had a scope and has it no more. */
export function demandAsBefore(before: Caller, now: Caller): void {
  for (const scope of before.scopes) demandScope(now, scope);
}
