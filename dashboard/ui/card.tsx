/** A bounded part of a page, with a heading and what can be done with it. */
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

export interface CardProps {
  readonly title?: string;
  readonly description?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** Without the room around its content, for tables. */
  readonly flush?: boolean;
}

export function Card({ title, description, actions, children, flush = false }: CardProps) {
  return (
    <section className="overflow-hidden rounded-lg border bg-surface" aria-label={title}>
      {title !== undefined && (
        <header className="flex flex-wrap items-center gap-3 border-b px-4 py-3">
          <div className="min-w-0 flex-1">
            <h2 className="font-semibold">{title}</h2>
            {description !== undefined && <p className="text-sm text-muted">{description}</p>}
          </div>
          {actions}
        </header>
      )}
      <div className={classNames(!flush && "p-4")}>{children}</div>
    </section>
  );
}
