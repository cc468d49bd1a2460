/** Every screen, by its address. A screen registers its route here and, if people go there by name, in shell/places.ts. */
import { createRoute, createRouter, redirect } from "@tanstack/react-router";
import { callRoute } from "./call/call-route.ts";
import { compareRoute } from "./call/compare-route.ts";
import { callsRoute } from "./calls/calls-route.ts";
import { startRoute } from "./first-minute/start-route.ts";
import { metricsRoute } from "./metrics/metrics-route.ts";
import { queryClient } from "./query-client.ts";
import { parseSearch, stringifySearch } from "./search-params.ts";
import { serversQuery } from "./servers/servers-query.ts";
import { serverRoute, serversRoute } from "./servers/servers-route.ts";
import { sessionRoute } from "./sessions/session-route.ts";
import { sessionsRoute } from "./sessions/sessions-route.ts";
import { settingsHomeRoute, settingsRoute } from "./settings/settings-route.ts";
import { rootRoute, shellRoute } from "./shell/root-route.tsx";
import { invitationRoute, registerRoute, signInRoute } from "./sign-in/sign-in-route.ts";

/** Whoever has no server yet begins with one. */
const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  beforeLoad: async () => {
    const { total } = await queryClient.ensureQueryData(serversQuery);
    throw redirect({ to: total === 0 ? "/start" : "/calls", search: {}, replace: true });
  },
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    signInRoute,
    registerRoute,
    invitationRoute,
    shellRoute.addChildren([
      homeRoute,
      startRoute,
      callsRoute,
      callRoute,
      compareRoute,
      sessionsRoute,
      sessionRoute,
      metricsRoute,
      serversRoute,
      serverRoute,
      settingsHomeRoute,
      settingsRoute,
    ]),
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultPendingMs: 300,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
