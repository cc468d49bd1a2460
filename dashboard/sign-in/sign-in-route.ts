/**
 * The ways in: `/sign-in?next=…`, `/register`, `/invitation`. What is secret in a link stands behind its `#`, which no
 * server sees.
 */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { one } from "../search-params.ts";
import { rootRoute } from "../shell/root-route.tsx";

export interface SignInSearch {
  readonly next?: string;
  /** Why a provider signed nobody in; a word of the host's. */
  readonly problem?: string;
}

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (raw: Record<string, unknown>): SignInSearch => {
    const [next, problem] = [ownPath(one(raw.next)), one(raw.problem)];
    return { ...(next !== undefined && { next }), ...(problem !== undefined && { problem }) };
  },
  component: lazyRouteComponent(() => import("./sign-in-screen.tsx"), "SignInScreen"),
});

export const registerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/register",
  component: lazyRouteComponent(() => import("./register-screen.tsx"), "RegisterScreen"),
});

export const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/invitation",
  component: lazyRouteComponent(() => import("./invitation-screen.tsx"), "InvitationScreen"),
});

/** The path, if it leads to this very origin: `//evil` and `/\evil` do not. */
export function ownPath(path: string | undefined): string | undefined {
  return path !== undefined && /^\/(?![/\\])[^\p{Cc}]*$/u.test(path) ? path : undefined;
}
