/** `/sessions`: what agents did, from their greeting on. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../shell/root-route.tsx";
import { parseSessionsSearch } from "./sessions-search.ts";

export const sessionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/sessions",
  validateSearch: parseSessionsSearch,
  component: lazyRouteComponent(() => import("./sessions-screen.tsx"), "SessionsScreen"),
});
