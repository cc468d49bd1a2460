/**
 * New accounts: whoever comes where sign-up is open, and who is invited where it is not.
 *
 * Guarantees: an invitation lets in nobody but its address. Bounds: see `attempts.ts`; each account counts.
 */
import type { Clock } from "../clock.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import type { Founding, Registry } from "../store/registry.ts";
import type { Invitation, Team } from "../team.ts";
import type { User } from "../user.ts";
import type { Attempts } from "./attempts.ts";
import type { Passwords } from "./passwords.ts";
import { digestOf, isSecretText } from "./secret-text.ts";

export interface RegistrationOptions {
  readonly registry: Pick<
    Registry,
    "addUser" | "findUserByEmail" | "findInvitation" | "acceptInvitation"
  >;
  readonly clock: Clock;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
  /** Whether anyone may register. */
  readonly isOpen: boolean;
  /** The name of the plan that new teams are on. */
  readonly plan: () => string;
}

export interface Registrant {
  /** As `parseEmail` gives it. */
  readonly email: string;
  /** Undefined: signs in by a provider or by links. */
  readonly password: string | undefined;
  /** Of the team that each user has; as `parseTeamName` gives it. */
  readonly teamName: string | undefined;
  /** The token of an invitation. */
  readonly invitation: string | undefined;
  /** Let in by the operator's word, such as the domain of the address, even where sign-up is closed. */
  readonly isAdmitted?: boolean;
}

export class Registration {
  readonly #options: RegistrationOptions;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Whether anyone may register. */
  get isOpen(): boolean {
    return this.#options.isOpen;
  }

  /**
   * The new user, and the team to begin in: that of the invitation, else the user's own.
   *
   * @throws Problem `forbidden` — sign-up is closed and there is no invitation for this address.
   * @throws Problem `resource_exists` — the address has an account.
   * @throws Problem `rate_limited`, `unavailable` — see `Attempts` and `Passwords`.
   */
  async register(
    registrant: Registrant,
    sourceIp: string,
  ): Promise<{ readonly user: User; readonly teamId: string }> {
    const { registry, clock, passwords, attempts, isOpen } = this.#options;
    const { email, password } = registrant;
    await attempts.begin(sourceIp);
    const invitation = await this.#invitation(registrant);
    if (!isOpen && !invitation && !registrant.isAdmitted) throw closed();
    if (await registry.findUserByEmail(email)) throw addressTaken();
    const hash = password === undefined ? undefined : await passwords.hash(password);
    const founding = this.#founding(registrant);
    const { user, team } = founding;
    const { id: userId, createdAtMs: atMs } = user;
    const trail = { userId, sourceIp, subjectId: userId, details: { email }, atMs };
    const registered = { ...trail, teamId: team.id, action: "user.registered" } as const;
    await registry.addUser(founding, hash, registered);
    if (!invitation) return { user, teamId: team.id };
    const joined = { ...trail, action: "member.joined", atMs: clock.nowMs() } as const;
    const details = { email, role: invitation.role };
    const accepted = await registry.acceptInvitation(invitation.secretDigest, user, {
      ...joined,
      details,
    });
    return { user, teamId: (accepted ?? team).id };
  }

  /** The invitation if it is for this address, and still good. */
  async #invitation({ invitation: token, email }: Registrant): Promise<Invitation | undefined> {
    if (token === undefined) return undefined;
    const { registry, clock } = this.#options;
    const invitation = isSecretText("invitation", token)
      ? await registry.findInvitation(digestOf(token))
      : undefined;
    if (invitation?.email === email && invitation.expiresAtMs > clock.nowMs()) return invitation;
    const message = "this invitation is not valid, has expired, or is for another address";
    throw new Problem("forbidden", message);
  }

  #founding({ email, teamName }: Registrant): Founding {
    const { clock, plan } = this.#options;
    const createdAtMs = clock.nowMs();
    const name = teamName ?? "My team";
    const team: Team = { id: newId(), name, plan: plan(), createdAtMs };
    return { user: { id: newId(), email, createdAtMs }, team };
  }
}

function closed(): Problem {
  const message = "accounts are made by invitation here; ask a member of your team for one";
  return new Problem("forbidden", message);
}

function addressTaken(): Problem {
  return new Problem("resource_exists", "there is an account with this address, sign in instead");
}
