/** The top of every screen: its name, and what can be done with all of it. Sets the title of the tab. */
import { type ReactNode, useEffect } from "react";
import { visibleText } from "../visible-text.ts";
import { NavigationButton } from "./navigation-button.tsx";

export interface PageHeaderProps {
  readonly title: string;
  /** For the tab, where it should say more. */
  readonly tabTitle?: string;
  /** Before the title, such as a way back. */
  readonly lead?: ReactNode;
  /** After the title, such as a count. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
}

export function PageHeader({ title, tabTitle, lead, note, actions }: PageHeaderProps) {
  const tab = visibleText(tabTitle ?? title).slice(0, 120);
  useEffect(() => {
    document.title = `${tab} · HookWatch`;
  }, [tab]);
  return (
    <header className="flex min-h-12 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b bg-surface px-3 py-1.5 sm:px-4">
      <NavigationButton />
      {lead}
      <h1 className="min-w-0 truncate text-lg font-semibold">{visibleText(title)}</h1>
      {note !== undefined && <div className="min-w-0 truncate text-muted">{note}</div>}
      {actions !== undefined && (
        <div className="ml-auto flex flex-wrap items-center gap-1.5">{actions}</div>
      )}
    </header>
  );
}
