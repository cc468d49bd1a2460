/** The names of the columns. Their widths are those of call-list-row.tsx. */
import { usePreferences } from "../preferences.ts";

export const columns =
  "grid grid-cols-[1.25rem_minmax(0,1fr)_auto] items-center gap-x-3 px-3 @xl:grid-cols-[1.25rem_6.5rem_minmax(9rem,1fr)_5.5rem_1.5rem] @2xl:grid-cols-[1.25rem_6.5rem_minmax(9rem,14rem)_minmax(0,1fr)_5rem_1.5rem] @2xl:px-4 @4xl:grid-cols-[1.25rem_6.5rem_minmax(10rem,15rem)_minmax(0,1fr)_7rem_7rem_4.5rem_1.5rem]";

export function CallListHead() {
  const { zone } = usePreferences();
  return (
    <div
      aria-hidden="true"
      className={`${columns} hidden h-8 shrink-0 overflow-hidden border-b bg-canvas text-xs font-medium text-muted [scrollbar-gutter:stable] @xl:grid`}
    >
      <span />
      <span>Time {zone === "utc" && "(UTC)"}</span>
      <span>Call</span>
      <span className="hidden @2xl:block">Details</span>
      <span className="hidden @4xl:block">Server</span>
      <span className="hidden @4xl:block">Client</span>
      <span className="text-right">Duration</span>
      <span />
    </div>
  );
}
