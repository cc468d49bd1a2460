/** The two roots of all screens: bare pages, and pages inside the shell, which only who is signed in sees. */
import { createRootRoute, createRoute, Outlet, redirect } from "@tanstack/react-router";
import { credentials } from "../credentials.ts";
import { Problem } from "../problem.ts";
import { queryClient } from "../query-client.ts";
import { sessionQuery } from "../session.ts";
import { Failure } from "../ui/failure.tsx";
import { NotFound } from "./not-found.tsx";
import { Shell } from "./shell.tsx";

export const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: ({ error, reset }) => (
    <Failure title="This page cannot be shown" cause={error} retry={reset} />
  ),
});

export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery);
    } catch (cause) {
      if (!(cause instanceof Problem && cause.status === 401)) throw cause;
      credentials.forget();
      throw redirect({ to: "/sign-in", search: { next: location.href } });
    }
  },
});
