/** `/servers`, and `/servers/<id>`. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../shell/root-route.tsx";

export const serversRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/servers",
  component: lazyRouteComponent(() => import("./servers-screen.tsx"), "ServersScreen"),
});

export const serverRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/servers/$serverId",
  component: lazyRouteComponent(() => import("./server-screen.tsx"), "ServerScreen"),
});
