/** The part of the route table below `/v1/auth`: accounts, sessions and the ways in. */
import { type Access, providerCallbackPath } from "../access/access.ts";
import type { Registry } from "../store/registry.ts";
import { type AuthUserOptions, authUser } from "./auth-user.ts";
import { type OidcOptions, oidc } from "./oidc.ts";
import type { SessionsOptions } from "./sessions.ts";
import { sessions } from "./sessions.ts";
import { signIn } from "./sign-in.ts";

export interface AuthOptions
  extends Omit<AuthUserOptions, "access" | "registry">,
    Omit<SessionsOptions, "access" | "registry">,
    Omit<OidcOptions, "access"> {
  readonly access: Access;
  readonly registry: Registry;
}

export function auth(options: AuthOptions) {
  const way = signIn(options);
  const user = authUser(options);
  const session = sessions(options);
  const provider = oidc(options);
  return {
    "/v1/auth/methods": { get: way.methods },
    "/v1/auth/register": { post: way.register },
    "/v1/auth/login": { post: way.login },
    "/v1/auth/sign-in-link": { post: way.byLink },
    "/v1/auth/oidc/start": { get: provider.start },
    [providerCallbackPath]: { get: provider.callback },
    "/v1/auth/refresh": { post: way.refresh },
    "/v1/auth/logout": { post: session.logout },
    "/v1/auth/me": { get: user.me },
    "/v1/auth/change-password": { post: user.changePassword },
    "/v1/auth/switch-team": { post: session.switchTeam },
    "/v1/auth/sessions": { get: session.list },
    "/v1/auth/sessions/{id}": { delete: session.end },
  };
}
