/** Nothing is here: why, and what to do about it. */
import type { ReactNode } from "react";
import { Icon, type IconName } from "./icon.tsx";

export interface EmptyStateProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
  /** Buttons that change it. */
  readonly actions?: ReactNode;
}

export function EmptyState({ icon, title, children, actions }: EmptyStateProps) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-3 px-6 py-14 text-center">
      <span className="flex size-10 items-center justify-center rounded-xl border bg-surface text-muted">
        <Icon name={icon} className="size-5" />
      </span>
      <h2 className="text-lg font-semibold">{title}</h2>
      {children !== undefined && <div className="text-muted">{children}</div>}
      {actions !== undefined && (
        <div className="mt-1 flex flex-wrap justify-center gap-2">{actions}</div>
      )}
    </div>
  );
}
