/** The names of the columns. */
import { type CallColumn, usePreferences } from "../preferences.ts";
import { cellClasses, columnTitles, gridClass } from "./columns.ts";

export function CallListHead({ columns }: { columns: readonly CallColumn[] }) {
  const { zone } = usePreferences();
  return (
    <div
      aria-hidden="true"
      className={`${gridClass} hidden h-8 shrink-0 overflow-hidden border-b bg-canvas text-xs font-medium text-muted [scrollbar-gutter:stable] @xl:grid`}
    >
      <span />
      <span>Time {zone === "utc" && "(UTC)"}</span>
      <span>Call</span>
      {columns.map((column) => (
        <span key={column} className={cellClasses[column]}>
          {columnTitles[column]}
        </span>
      ))}
      <span className="text-right">Duration</span>
      <span />
    </div>
  );
}
