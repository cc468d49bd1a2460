/**
 * The columns of the list of calls: what everybody sees, and what each chooses beside it.
 *
 * Narrow lists have a name and a duration; wider ones the time, then the details, then all that was chosen. Chosen columns
 * give way down to a width that still tells something.
 */
import type { CSSProperties } from "react";
import type { CallColumn } from "../preferences.ts";

export const columnTitles: Readonly<Record<CallColumn, string>> = {
  details: "Details",
  server: "Server",
  client: "Client",
  session: "Session",
  http: "HTTP",
  size: "Size",
};

/** Of a head and of each row, within an element that has `gridTracks`. */
export const gridClass =
  "grid grid-cols-[1.25rem_minmax(0,1fr)_auto] items-center gap-x-3 px-3 @xl:grid-cols-[1.25rem_6.5rem_minmax(9rem,1fr)_5.5rem_1.5rem] @2xl:grid-cols-[var(--call-tracks-wide)] @2xl:px-4 @4xl:grid-cols-[var(--call-tracks-widest)]";

const widths: Readonly<Record<CallColumn, string>> = {
  details: "minmax(7rem, 1fr)",
  server: "minmax(3.5rem, 7rem)",
  client: "minmax(3.5rem, 7rem)",
  session: "minmax(3.5rem, 7rem)",
  http: "2.5rem",
  size: "4rem",
};

/** Of the cells of a column: details are to be seen sooner than the others; numbers stand at the right. */
export const cellClasses: Readonly<Record<CallColumn, string>> = {
  details: "hidden min-w-0 truncate @2xl:block",
  server: "hidden min-w-0 truncate @4xl:block",
  client: "hidden min-w-0 truncate @4xl:block",
  session: "hidden min-w-0 truncate @4xl:block",
  http: "hidden min-w-0 truncate text-right tabular-nums @4xl:block",
  size: "hidden min-w-0 truncate text-right tabular-nums @4xl:block",
};

/** For `gridClass`. */
export function gridTracks(chosen: readonly CallColumn[]): CSSProperties {
  const hasDetails = chosen.includes("details");
  const name = (min: string, max: string) => `minmax(${min}, ${hasDetails ? max : "1fr"})`;
  const wide = [
    "1.25rem 6.5rem",
    name("9rem", "14rem"),
    hasDetails ? widths.details : "",
    "5rem 1.5rem",
  ];
  const widest = [
    "1.25rem 6.5rem",
    name("8rem", "15rem"),
    ...chosen.map((column) => widths[column]),
    "4.5rem 1.5rem",
  ];
  const properties: Record<`--${string}`, string> = {
    "--call-tracks-wide": wide.join(" "),
    "--call-tracks-widest": widest.join(" "),
  };
  return properties;
}
