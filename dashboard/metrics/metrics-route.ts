/** `/insights`: calls measured. Not `/metrics`, where the host answers Prometheus. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../shell/root-route.tsx";
import { parseMetricsSearch } from "./metrics-search.ts";

export const metricsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/insights",
  validateSearch: parseMetricsSearch,
  component: lazyRouteComponent(() => import("./metrics-screen.tsx"), "MetricsScreen"),
});
