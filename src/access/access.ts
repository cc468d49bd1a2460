/**
 * Access: who is asking, and what they may. Joins the parts of this folder over one registry.
 *
 * Guarantees: each kind of proof is made with a secret of its own.
 */
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import type { Session } from "../session.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";
import { AccessTokens } from "./access-tokens.ts";
import { type AttemptLimits, Attempts, attemptLimits } from "./attempts.ts";
import { Authenticator, type Presented } from "./authenticate.ts";
import { FailedSignIns } from "./failed-sign-ins.ts";
import { setNewPassword } from "./new-password.ts";
import { csrfToken } from "./own-page.ts";
import { type PasswordCost, Passwords, passwordCost } from "./passwords.ts";
import { Provider, type ProviderSettings, type Send } from "./provider.ts";
import { ProviderAccounts } from "./provider-accounts.ts";
import { Registration } from "./registration.ts";
import { SignIn } from "./sign-in.ts";
import { UserSessions } from "./user-sessions.ts";
import { Uses } from "./uses.ts";

export interface Access extends AsyncDisposable {
  /** See `Authenticator`, for what they throw too. */
  authenticate(presented: Presented): Promise<Caller>;
  inTeam(caller: Caller, teamId: string): Promise<Caller>;
  readonly signIn: SignIn;
  readonly registration: Registration;
  readonly sessions: UserSessions;
  /** See `setNewPassword`. */
  setPassword(caller: Caller, present: string | undefined, next: string): Promise<void>;
  /** What a program shows with each request of a session. */
  accessToken(session: Session): Promise<{ readonly text: string; readonly expiresInS: number }>;
  /** What pages of the dashboard show beside the cookie of a session. */
  csrfToken(sessionId: string): string;
  /** Where else users may sign in; undefined: nowhere. */
  readonly provider: Provider | undefined;
  readonly providerAccounts: ProviderAccounts;
}

export interface AccessOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Log;
  /** Where users reach the host; known once it listens. */
  readonly publicUrl: () => string;
  /** Whether anyone may register. */
  readonly isSignupOpen: boolean;
  /** The name of the plan that new teams are on. */
  readonly defaultPlan: () => string;
  /** Absent: users sign in here alone. */
  readonly provider?: ProviderSettings;
  /** How the provider is asked; absent: it cannot be. */
  readonly send?: Send;
  /** Whose users get accounts from the provider where sign-up is closed; lower case. */
  readonly allowedDomains?: readonly string[];
  /** True for a key known to exist, whatever its form; absent: known by the registry alone. */
  readonly isOwnKey?: (text: string) => boolean;
  /** Absent: see `passwords.ts`. */
  readonly passwordCost?: PasswordCost;
  /** Absent: see `attempts.ts`. */
  readonly attemptLimits?: AttemptLimits;
}

/** Where a provider sends browsers back to. */
export const providerCallbackPath = "/v1/auth/oidc/callback";

export async function openAccess(options: AccessOptions): Promise<Access> {
  await using open = new AsyncDisposableStack();
  const { registry, clock, log, publicUrl, isOwnKey = () => false } = options;
  const accessTokens = new AccessTokens(await registry.secret("access-tokens"), clock);
  const csrfKey = await registry.secret("csrf");
  const uses = open.use(new Uses(registry, clock, log));
  const failures = open.use(new FailedSignIns(registry, clock, log));
  const passwords = new Passwords(options.passwordCost ?? passwordCost);
  const attempts = new Attempts(options.attemptLimits ?? attemptLimits);
  const parts = { registry, clock, accessTokens, uses, csrfKey, publicUrl, isOwnKey };
  const authenticator = new Authenticator(parts);
  const proofs = { registry, clock, passwords, attempts, failures };
  const { isSignupOpen: isOpen, defaultPlan: plan, allowedDomains = [] } = options;
  const registration = new Registration({ ...proofs, isOpen, plan });
  const provider = await openProvider(options);
  const opened = open.move();
  return {
    authenticate: (presented) => authenticator.authenticate(presented),
    inTeam: (caller, teamId) => authenticator.inTeam(caller, teamId),
    signIn: new SignIn(proofs),
    registration,
    sessions: new UserSessions(registry, clock),
    setPassword: (...change) => setNewPassword(proofs, ...change),
    accessToken: (session) => accessTokens.issue(session),
    csrfToken: (sessionId) => csrfToken(csrfKey, sessionId),
    provider,
    providerAccounts: new ProviderAccounts({ ...proofs, registration, allowedDomains }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function openProvider({
  registry,
  clock,
  publicUrl,
  provider: settings,
  send,
}: AccessOptions): Promise<Provider | undefined> {
  if (!settings || !send) return undefined;
  const key = await registry.secret("provider");
  const redirectUrl = () => publicUrl() + providerCallbackPath;
  return new Provider({ settings, send, key, clock, redirectUrl });
}
