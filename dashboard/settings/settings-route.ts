/** `/settings/<section>`; without one the first that whoever is signed in may see. */
import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { shellRoute } from "../shell/root-route.tsx";

export const settingsSections = ["team", "keys", "audit", "log", "account"] as const;
export type SettingsSection = (typeof settingsSections)[number];

export const settingsHomeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings",
  beforeLoad: () => {
    throw redirect({ to: "/settings/$section", params: { section: "team" }, replace: true });
  },
});

export const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/$section",
  component: lazyRouteComponent(() => import("./settings-screen.tsx"), "SettingsScreen"),
});
