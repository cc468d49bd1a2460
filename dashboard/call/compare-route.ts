/** `/compare?a=…&b=…`: two calls side by side. */
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { one } from "../search-params.ts";
import { shellRoute } from "../shell/root-route.tsx";

export const compareRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/compare",
  validateSearch: (raw: Record<string, unknown>): { readonly a?: string; readonly b?: string } => {
    const [a, b] = [one(raw.a), one(raw.b)];
    return { ...(a !== undefined && { a }), ...(b !== undefined && { b }) };
  },
  component: lazyRouteComponent(() => import("./compare-screen.tsx"), "CompareScreen"),
});
