/** `/start`: from nothing to the first recorded call; `?server=<id>` once there is a server. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { one } from "../search-params.ts";
import { shellRoute } from "../shell/root-route.tsx";

export interface StartSearch {
  readonly server?: string;
}

export const startRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/start",
  validateSearch: (raw: Record<string, unknown>): StartSearch => {
    const server = one(raw.server);
    return server === undefined ? {} : { server };
  },
  component: lazyRouteComponent(() => import("./start-screen.tsx"), "StartScreen"),
});
