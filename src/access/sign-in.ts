/**
 * How a user proves who they are: by password, or by a link that works once.
 *
 * Guarantees: whether an address is known shows neither in what is answered nor in how long that takes. Failed attempts are
 * in the audit log within a second, apart from the answer; past the limits of `attempts.ts` they are refused unlooked at.
 */
import type { Clock } from "../clock.ts";
import { Problem } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import type { User } from "../user.ts";
import type { Attempts } from "./attempts.ts";
import type { FailedSignIns } from "./failed-sign-ins.ts";
import type { Passwords } from "./passwords.ts";
import { digestOf, isSecretText } from "./secret-text.ts";

export interface SignInOptions {
  readonly registry: Pick<
    Registry,
    "findUserByEmail" | "passwordHash" | "upgradePasswordHash" | "spendSignInLink"
  >;
  readonly clock: Clock;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
  readonly failures: FailedSignIns;
}

export class SignIn {
  readonly #options: SignInOptions;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /**
   * `email`: as `parseEmail` gives it.
   *
   * @throws Problem `invalid_token` — there is no such user, or the password is another.
   * @throws Problem `rate_limited`, `unavailable` — see `Attempts` and `Passwords`.
   */
  async byPassword(email: string, password: string, sourceIp: string): Promise<User> {
    const { registry, passwords, attempts, failures } = this.#options;
    const attempt = await attempts.begin(sourceIp, email);
    const user = await registry.findUserByEmail(email);
    // Of nobody, too, so that this takes its time in either case.
    const hash = await registry.passwordHash(user?.id ?? "");
    const verdict = await attempt.looked(() => passwords.verify(password, hash));
    const { matches, isOutdated } = verdict;
    if (!user || !matches) {
      failures.note(user?.id, sourceIp, "password");
      throw new Problem("invalid_token", "the address or the password is wrong");
    }
    await attempt.succeeded();
    if (hash !== undefined && isOutdated) {
      await registry.upgradePasswordHash(user.id, hash, await passwords.hash(password));
    }
    return user;
  }

  /** @throws Problem `invalid_token` — the link is none, was used before, or has expired. */
  async byLink(token: string): Promise<User> {
    const { registry, clock } = this.#options;
    const user = isSecretText("link", token)
      ? await registry.spendSignInLink(digestOf(token), clock.nowMs())
      : undefined;
    if (user) return user;
    const message = "this sign-in link is not valid, was used before, or has expired";
    throw new Problem("invalid_token", message);
  }
}
