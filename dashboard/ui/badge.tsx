/** A word in a box; and the status of a call, told by colour, mark and word. */
import type { ReactNode } from "react";
import type { WireCall } from "../../src/api/wire.ts";
import { classNames } from "./class-names.ts";

const tones = {
  neutral: "bg-hover text-muted",
  accent: "bg-accent-soft text-accent",
  success: "bg-success-soft text-success",
  error: "bg-error-soft text-error",
  timeout: "bg-timeout-soft text-timeout",
};

export type Tone = keyof typeof tones;

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={classNames(
        "inline-flex h-5 max-w-full items-center gap-1 truncate rounded-sm px-1.5 text-xs font-medium whitespace-nowrap",
        tones[tone],
      )}
    >
      {children}
    </span>
  );
}

export type Status = WireCall["status"];

const marks: Record<Status, { path: string; colour: string; word: string }> = {
  success: { path: "m3.5 6.3 1.8 1.7L8.6 4", colour: "text-success", word: "Success" },
  error: { path: "m4 4 4 4M8 4 4 8", colour: "text-error", word: "Error" },
  timeout: { path: "M6 3.4V6l1.7 1.2", colour: "text-timeout", word: "Timeout" },
};

/** The mark alone; its word is there for screen readers. */
export function StatusMark({ status }: { status: Status }) {
  const { path, colour, word } = marks[status];
  return (
    <span className={classNames("inline-flex", colour)}>
      <svg
        viewBox="0 0 12 12"
        className="size-3.5"
        fill="none"
        stroke="currentColor"
        aria-hidden="true"
      >
        <circle cx="6" cy="6" r="5.2" fill="currentColor" fillOpacity="0.14" strokeOpacity="0" />
        <path d={path} strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      <span className="sr-only">{word}</span>
    </span>
  );
}

export function StatusBadge({ status }: { status: Status }) {
  return (
    <Badge tone={status}>
      <svg
        viewBox="0 0 12 12"
        className="size-3"
        fill="none"
        stroke="currentColor"
        aria-hidden="true"
      >
        <path
          d={marks[status].path}
          strokeWidth="1.6"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      {marks[status].word}
    </Badge>
  );
}
