/** Around every screen: navigation, dialogs that are everywhere, keys that work everywhere. */
import { Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useCommands } from "../commands.ts";
import { credentials } from "../credentials.ts";
import { useLive } from "../live-value.ts";
import { prefer, usePreferences } from "../preferences.ts";
import { signOut } from "../session.ts";
import { useShortcuts } from "../shortcuts.ts";
import { navigationOpen } from "../ui/navigation-button.tsx";
import { toastProblem } from "../ui/toast.tsx";
import { CommandPalette } from "./command-palette.tsx";
import { KeyboardHelp } from "./keyboard-help.tsx";
import { Navigation } from "./navigation.tsx";
import { places } from "./places.ts";

export function Shell() {
  const [open, setOpen] = useState<"palette" | "help">();
  const close = () => setOpen(undefined);
  useSignInAgain();
  useEverywhere(setOpen);
  return (
    <div className="flex h-full">
      <a
        href="#screen"
        className="fixed top-2 left-2 z-50 rounded-md bg-raised px-3 py-2 shadow-pop not-focus:sr-only"
      >
        Skip to content
      </a>
      <Navigation onPalette={() => setOpen("palette")} onHelp={() => setOpen("help")} />
      <main id="screen" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
        <Outlet />
      </main>
      <KeyboardHelp open={open === "help"} onClose={close} />
      {open === "palette" && <CommandPalette onClose={close} />}
    </div>
  );
}

/** When the host no longer knows us, the way leads through sign-in and back here. */
function useSignInAgain(): void {
  const refusals = useLive(credentials.refusals);
  const [seen] = useState(refusals);
  const router = useRouter();
  useEffect(() => {
    if (refusals === seen) return;
    credentials.forget();
    const next = router.state.location.href;
    void router.navigate({ to: "/sign-in", search: { next }, replace: true });
  }, [refusals, seen, router]);
}

function useEverywhere(show: (what: "palette" | "help") => void): void {
  const navigate = useNavigate();
  const { theme, zone } = usePreferences();
  const nextTheme = { system: "light", light: "dark", dark: "system" } as const;
  const leave = () =>
    void signOut()
      .then(() => navigate({ to: "/sign-in", search: {} }))
      .catch((cause: unknown) => toastProblem("You are still signed in", cause));
  useShortcuts("Everywhere", [
    { key: "mod+k", label: "Search commands and pages", run: () => show("palette") },
    { key: "?", label: "Show keyboard shortcuts", run: () => show("help") },
    { key: ".", label: "Switch theme", run: () => prefer({ theme: nextTheme[theme] }) },
    {
      key: "u",
      label: "Switch between UTC and local time",
      run: () => prefer({ zone: zone === "utc" ? "local" : "utc" }),
    },
  ]);
  useCommands([
    ...places.map(({ to, title }) => ({
      group: "Go to",
      title,
      run: () => {
        navigationOpen.set(false);
        void navigate({ to });
      },
    })),
    { group: "Look", title: "Light theme", run: () => prefer({ theme: "light" }) },
    { group: "Look", title: "Dark theme", run: () => prefer({ theme: "dark" }) },
    { group: "Look", title: "Theme of the system", run: () => prefer({ theme: "system" }) },
    { group: "Look", title: "Compact rows", run: () => prefer({ density: "compact" }) },
    { group: "Look", title: "Comfortable rows", run: () => prefer({ density: "comfortable" }) },
    { group: "Look", title: "Times in UTC", run: () => prefer({ zone: "utc" }) },
    { group: "Look", title: "Times in local time", run: () => prefer({ zone: "local" }) },
    { group: "Help", title: "Keyboard shortcuts", run: () => show("help") },
    {
      group: "Help",
      title: "API reference",
      run: () => window.open("/docs", "_blank", "noopener"),
    },
    { group: "Account", title: "Sign out", keywords: "log out leave", run: leave },
  ]);
}
