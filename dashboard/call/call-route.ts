/** `/calls/…`: one call. `?replay=true` begins with the question whether to send it again. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { one } from "../search-params.ts";
import { shellRoute } from "../shell/root-route.tsx";

export const callRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/calls/$callId",
  validateSearch: (raw: Record<string, unknown>): { readonly replay?: boolean } =>
    one(raw.replay) === "true" ? { replay: true } : {},
  component: lazyRouteComponent(() => import("./call-screen.tsx"), "CallScreen"),
});
