/** Every icon there is, drawn on a grid of 16 with a line of 1.5. Decoration: whoever shows one says its meaning. */
import type { SVGProps } from "react";

const paths = {
  alert: "M8 5.5v3.2M8 11.2v.05M8 2 14.5 13.5h-13Z",
  arrowDown: "M8 3v10M4 9l4 4 4-4",
  arrowLeft: "M13 8H3M7 4 3 8l4 4",
  arrowRight: "M3 8h10M9 4l4 4-4 4",
  arrowUp: "M8 13V3M4 7l4-4 4 4",
  bookmark: "M4 2.5h8v11l-4-3-4 3Z",
  calls: "M2.5 4h11M2.5 8h11M2.5 12h7",
  check: "m3 8.5 3.2 3L13 4.5",
  chevronDown: "m4 6 4 4 4-4",
  chevronLeft: "m10 4-4 4 4 4",
  chevronRight: "m6 4 4 4-4 4",
  chevronUpDown: "m5 6 3-3 3 3M5 10l3 3 3-3",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3l2 1.5",
  close: "m4 4 8 8M12 4l-8 8",
  columns: "M2.5 3h11v10h-11ZM6.2 3v10M9.8 3v10",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8Z",
  download: "M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11",
  edit: "M10.5 3 13 5.5 5.5 13H3v-2.5Z",
  exclude: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM4 12l8-8",
  external: "M9 2.5h4.5V7M13.5 2.5 7.5 8.5M11.5 9v4.5h-9v-9H7",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  help: "M6 6a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6.9v.4M8 11.5v.05M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z",
  key: "M6 12.5A3.2 3.2 0 1 0 6 6a3.2 3.2 0 0 0 0 6.5ZM8.4 7.2 13.5 2.5M11.2 4.8l1.8 1.8",
  keyboard: "M1.5 4h13v8h-13ZM4 6.5h.05M6.7 6.5h.05M9.3 6.5h.05M12 6.5h.05M5 9.5h6",
  link: "M6.5 9.5 9.5 6.5M7 4.5l1.6-1.6a2.8 2.8 0 0 1 4 4L11 8.5M9 11.5l-1.6 1.6a2.8 2.8 0 0 1-4-4L5 7.5",
  live: "M8 9.2a1.2 1.2 0 1 0 0-2.4 1.2 1.2 0 0 0 0 2.4ZM4.8 11.2a4.5 4.5 0 0 1 0-6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4M2.7 13.3a7.5 7.5 0 0 1 0-10.6M13.3 2.7a7.5 7.5 0 0 1 0 10.6",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  metrics: "M3 13V8.5M6.3 13V5M9.7 13V7M13 13V3",
  minus: "M3 8h10",
  monitor: "M2 3h12v8H2ZM6 13.5h4M8 11v2.5",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z",
  more: "M3.5 8h.05M8 8h.05M12.5 8h.05",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.5v9l7-4.5Z",
  plus: "M8 3v10M3 8h10",
  replay: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.3 10.3l3.2 3.2",
  servers: "M2.5 3h11v4h-11ZM2.5 9h11v4h-11ZM5 5h.05M5 11h.05",
  sessions: "M2.5 4h6M5 8h8.5M8 12h4",
  settings:
    "M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 1.8v1.7M8 12.5v1.7M1.8 8h1.7M12.5 8h1.7M3.6 3.6l1.2 1.2M11.2 11.2l1.2 1.2M3.6 12.4l1.2-1.2M11.2 4.8l1.2-1.2",
  sun: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  team: "M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6ZM2 13c0-2.2 1.8-3.6 4-3.6s4 1.4 4 3.6M10.8 7.4a2 2 0 1 0-.6-3.9M11.5 9.6c1.5.3 2.5 1.6 2.5 3.4",
  trash: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4",
  user: "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8ZM2.8 13.8c.3-2.6 2.5-4 5.2-4s4.9 1.4 5.2 4",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, ...rest }: { name: IconName } & SVGProps<SVGSVGElement>) {
  return (
    <svg
      width={16}
      height={16}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      {...rest}
      className={`shrink-0 ${rest.className ?? ""}`}
    >
      <path d={paths[name]} />
    </svg>
  );
}
