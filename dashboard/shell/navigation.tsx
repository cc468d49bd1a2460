/** The rail at the left: team, places, theme, help, account. Over the page on narrow screens. */
import { Dialog } from "@base-ui/react/dialog";
import { Link } from "@tanstack/react-router";
import { useLive } from "../live-value.ts";
import { prefer, usePreferences } from "../preferences.ts";
import { IconButton } from "../ui/button.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { navigationOpen } from "../ui/navigation-button.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { Brand } from "./brand.tsx";
import { places } from "./places.ts";
import { TeamSwitcher } from "./team-switcher.tsx";

interface NavigationProps {
  readonly onPalette: () => void;
  readonly onHelp: () => void;
}

export function Navigation(props: NavigationProps) {
  const open = useLive(navigationOpen);
  return (
    <>
      <nav
        aria-label="Main"
        className="hidden w-52 shrink-0 flex-col border-r bg-canvas p-2 md:flex"
      >
        <Rail {...props} />
      </nav>
      <Dialog.Root open={open} onOpenChange={(next) => navigationOpen.set(next)}>
        <Dialog.Portal>
          <Dialog.Backdrop className="fixed inset-0 z-40 bg-shade md:hidden" />
          <Dialog.Popup className="fixed inset-y-0 left-0 z-40 flex w-64 flex-col bg-canvas p-2 shadow-pop outline-none md:hidden">
            <Dialog.Title className="sr-only">Navigation</Dialog.Title>
            <Rail {...props} />
            <Dialog.Close className="sr-only">Close navigation</Dialog.Close>
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
    </>
  );
}

function Rail({ onPalette, onHelp }: NavigationProps) {
  const close = () => navigationOpen.set(false);
  const link = ({ to, title, icon }: (typeof places)[number]) => (
    <Link
      key={to}
      to={to}
      onClick={close}
      className="flex h-8 items-center gap-2 rounded-md px-2 font-medium text-muted hover:bg-hover hover:text-text aria-[current=page]:bg-pressed aria-[current=page]:text-text"
    >
      <Icon name={icon} />
      {title}
    </Link>
  );
  return (
    <>
      <div className="flex h-9 items-center px-2">
        <Brand />
      </div>
      <TeamSwitcher />
      <button
        type="button"
        onClick={() => {
          close();
          onPalette();
        }}
        className="my-2 flex h-8 items-center gap-2 rounded-md border bg-surface px-2 text-muted hover:border-line-strong"
      >
        <Icon name="search" />
        <span className="flex-1 text-left">Go to…</span>
        <Kbd keys="mod+k" />
      </button>
      <div className="flex flex-1 flex-col gap-0.5 overflow-y-auto">
        {places.filter((place) => !place.last).map(link)}
        <div className="flex-1" />
        {places.filter((place) => place.last).map(link)}
      </div>
      <div className="mt-2 flex items-center gap-0.5 border-t pt-2">
        <AccountMenu />
        <ThemeButton />
        <IconButton
          icon="keyboard"
          label="Keyboard shortcuts"
          shortcut="?"
          onClick={() => {
            close();
            onHelp();
          }}
        />
      </div>
    </>
  );
}

const themes = {
  system: { next: "light", icon: "monitor", label: "Theme: system" },
  light: { next: "dark", icon: "sun", label: "Theme: light" },
  dark: { next: "system", icon: "moon", label: "Theme: dark" },
} as const satisfies Record<string, { next: string; icon: IconName; label: string }>;

function ThemeButton() {
  const { theme } = usePreferences();
  const { next, icon, label } = themes[theme];
  return (
    <IconButton
      icon={icon}
      label={label}
      shortcut="."
      className="ml-auto"
      onClick={() => prefer({ theme: next })}
    />
  );
}
