/** `/sessions/…`: the calls of one session over time. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../shell/root-route.tsx";
import { parseSessionSearch } from "./sessions-search.ts";

export const sessionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/sessions/$sessionId",
  validateSearch: parseSessionSearch,
  component: lazyRouteComponent(() => import("./session-screen.tsx"), "SessionScreen"),
});
