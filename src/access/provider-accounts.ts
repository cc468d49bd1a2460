/**
 * Whose account it is that a provider's identity signs in to.
 *
 * Guarantees: an identity is known by issuer and subject, which never change; an address counts only if the provider has verified
 * it, and not for an account that the provider knows by another subject: addresses are given to somebody else in time. Where
 * anyone may register, an account with a password is joined to an identity only from a browser that is signed in to it: whoever
 * registered the address need not be who owns it.
 */
import { Problem } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import { parseEmail, type User } from "../user.ts";
import type { FailedSignIns } from "./failed-sign-ins.ts";
import type { Identity } from "./provider.ts";
import type { Registration } from "./registration.ts";

export interface ProviderAccountsOptions {
  readonly registry: Pick<
    Registry,
    "findIdentity" | "hasIdentity" | "addIdentity" | "findUserByEmail" | "passwordHash"
  >;
  readonly registration: Registration;
  readonly failures: FailedSignIns;
  /** Whose users get accounts where sign-up is closed; lower case. */
  readonly allowedDomains: readonly string[];
}

/** Why an identity signs in to nothing. */
export type NoAccount = "email_unverified" | "no_account" | "account_exists";

export class ProviderAccounts {
  readonly #options: ProviderAccountsOptions;

  constructor(options: ProviderAccountsOptions) {
    this.#options = options;
  }

  /** `signedInUserId`: of the session that the browser has already, if any. */
  async accountOf(
    identity: Identity,
    signedInUserId: string | undefined,
    sourceIp: string,
  ): Promise<User | NoAccount> {
    const { registry, failures } = this.#options;
    const { issuer, subject } = identity;
    const known = await registry.findIdentity(issuer, subject);
    if (known) return known;
    const email = verifiedEmail(identity);
    if (email === undefined) return "email_unverified";
    const user = await registry.findUserByEmail(email);
    if (!user) return this.#register(identity, email, sourceIp);
    if (user.id !== signedInUserId && !(await this.#isTheirs(user, issuer))) {
      failures.note(user.id, sourceIp, "oidc");
      return "account_exists";
    }
    await registry.addIdentity(issuer, subject, user.id);
    return user;
  }

  /** Whether the account can be nobody else's but the address owner's. */
  async #isTheirs(user: User, issuer: string): Promise<boolean> {
    const { registry, registration } = this.#options;
    if (await registry.hasIdentity(issuer, user.id)) return false;
    return !registration.isOpen || (await registry.passwordHash(user.id)) === undefined;
  }

  async #register(identity: Identity, email: string, sourceIp: string): Promise<User | NoAccount> {
    const { registry, registration, allowedDomains } = this.#options;
    const isAdmitted = allowedDomains.includes(email.slice(email.lastIndexOf("@") + 1));
    if (!registration.isOpen && !isAdmitted) return "no_account";
    const nothing = { password: undefined, teamName: undefined, invitation: undefined };
    const { user } = await registration.register({ email, ...nothing, isAdmitted }, sourceIp);
    await registry.addIdentity(identity.issuer, identity.subject, user.id);
    return user;
  }
}

function verifiedEmail({ email, isEmailVerified }: Identity): string | undefined {
  if (email === undefined || !isEmailVerified) return undefined;
  try {
    const address = parseEmail(email);
    // That of the first owner, and no mail leads there: whoever says to have verified it did not.
    return address.endsWith("@localhost") ? undefined : address;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
