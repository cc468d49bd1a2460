/**
 * A new password for who is signed in already.
 *
 * Guarantees: the present one is asked for where there is one, so that a session left open is not an account lost; every other
 * session and sign-in link of the user ends with it. Of two at once one is refused.
 */
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { invalid } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import type { Attempts } from "./attempts.ts";
import type { Passwords } from "./passwords.ts";

export interface NewPasswordOptions {
  readonly registry: Pick<Registry, "passwordHash" | "setPasswordHash">;
  readonly clock: Clock;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
}

/**
 * `present`: undefined is right for a user without a password only.
 *
 * @throws Problem `validation_error` — the present password is another one.
 * @throws Problem `rate_limited`, `unavailable` — see `Attempts` and `Passwords`.
 */
export async function setNewPassword(
  { registry, clock, passwords, attempts }: NewPasswordOptions,
  { userId, teamId, credential, sourceIp }: Caller,
  present: string | undefined,
  next: string,
): Promise<void> {
  const known = await registry.passwordHash(userId);
  if (known !== undefined) {
    const attempt = await attempts.begin(sourceIp, userId);
    const { matches } = await attempt.looked(() => passwords.verify(present ?? "", known));
    if (!matches) throw wrong();
    await attempt.succeeded();
  }
  const hash = await passwords.hash(next);
  const action = "user.password_changed" as const;
  const details = { first: known === undefined };
  const trail = { teamId, action, userId, credentialId: credential.id, sourceIp, details };
  const atMs = clock.nowMs();
  const event = { ...trail, subjectId: userId, atMs };
  if (!(await registry.setPasswordHash(userId, known, hash, credential.id, event))) throw wrong();
}

function wrong() {
  return invalid({ field: "current_password", message: "is not the present password" });
}
