/** `/calls`: the list; every filter is in its address. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../shell/root-route.tsx";
import { parseCallFilter } from "./call-filter.ts";

export const callsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/calls",
  validateSearch: parseCallFilter,
  component: lazyRouteComponent(() => import("./calls-screen.tsx"), "CallsScreen"),
});
