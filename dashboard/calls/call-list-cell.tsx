/** A cell of the list: a table's own elements could not be placed freely. */
import type { ReactNode } from "react";

export function Cell({ className, children }: { className?: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: cells of a table cannot be placed freely
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus, its row is the active descendant
    <div role="gridcell" className={className}>
      {children}
    </div>
  );
}
