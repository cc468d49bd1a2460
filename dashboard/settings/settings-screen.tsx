/** Everything that is set and kept beside servers and calls, in sections. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { sessionQuery } from "../session.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { AccountSection } from "./account-section.tsx";
import { AuditSection } from "./audit-section.tsx";
import { KeysSection } from "./keys-section.tsx";
import { LogSection } from "./log-section.tsx";
import type { SettingsSection } from "./settings-route.ts";
import { TeamSection } from "./team-section.tsx";

const route = getRouteApi("/shell/settings/$section");

interface Section {
  readonly title: string;
  readonly Content: ComponentType;
  /** Whoever lacks it is told so instead. */
  readonly scope?: "admin" | "keys:manage" | "calls:read";
}

const sections: Record<SettingsSection, Section> = {
  team: { title: "Team", Content: TeamSection },
  keys: { title: "API keys", Content: KeysSection, scope: "keys:manage" },
  audit: { title: "Audit log", Content: AuditSection, scope: "admin" },
  log: { title: "Call log", Content: LogSection, scope: "calls:read" },
  account: { title: "Account", Content: AccountSection },
};

export function SettingsScreen() {
  const { section: name } = route.useParams();
  const { data: session } = useQuery(sessionQuery);
  const section = Object.hasOwn(sections, name) ? sections[name as SettingsSection] : undefined;
  const isClosed =
    section?.scope !== undefined && session?.scopes.includes(section.scope) === false;
  return (
    <>
      <PageHeader
        title="Settings"
        tabTitle={section ? `${section.title} · Settings` : "Settings"}
      />
      <nav
        aria-label="Settings"
        className="flex shrink-0 gap-4 overflow-x-auto border-b bg-surface px-4 [scrollbar-width:none]"
      >
        {Object.entries(sections).map(([key, { title }]) => (
          <Link
            key={key}
            to="/settings/$section"
            params={{ section: key }}
            className="-mb-px flex h-9 items-center border-b-2 border-transparent whitespace-nowrap text-muted outline-offset-[-2px] hover:text-text aria-[current=page]:border-accent aria-[current=page]:font-medium aria-[current=page]:text-text"
          >
            {title}
          </Link>
        ))}
      </nav>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex max-w-4xl flex-col gap-4 p-3 sm:p-4">
          {!section && <EmptyState icon="settings" title="There is no such section" />}
          {isClosed && (
            <EmptyState icon="key" title="Not for your role">
              An admin of the team may see this.
            </EmptyState>
          )}
          {section && !isClosed && session && <section.Content />}
        </div>
      </div>
    </>
  );
}
