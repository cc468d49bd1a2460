/** What the navigation leads to, in its order. */
import type { IconName } from "../ui/icon.tsx";

export interface Place {
  readonly to: "/calls" | "/sessions" | "/insights" | "/servers" | "/settings";
  readonly title: string;
  readonly icon: IconName;
  /** Below the others, at the end. */
  readonly last?: boolean;
}

export const places: readonly Place[] = [
  { to: "/calls", title: "Calls", icon: "calls" },
  { to: "/sessions", title: "Sessions", icon: "sessions" },
  { to: "/insights", title: "Metrics", icon: "metrics" },
  { to: "/servers", title: "Servers", icon: "servers" },
  { to: "/settings", title: "Settings", icon: "settings", last: true },
];
