/**
 * Everything that came from the wire or was typed by someone else is shown through this: as text, in its own
 * direction, hidden characters visible, no longer than it is told.
 */
import { Fragment, type ReactNode } from "react";
import { visibleParts } from "../visible-text.ts";
import { classNames } from "./class-names.ts";

export interface SafeTextProps {
  readonly children: string | null | undefined;
  /** Characters shown; the rest is `…`. 2,000 unless given: long texts freeze a page. */
  readonly maxLength?: number;
  /** Line breaks and tabs do what they do instead of being shown. */
  readonly multiline?: boolean;
  /** Shown for nothing. */
  readonly empty?: ReactNode;
  readonly className?: string;
}

export function SafeText(props: SafeTextProps) {
  const { children, maxLength = 2_000, multiline = false, empty = null, className } = props;
  if (children === null || children === undefined || children === "") return empty;
  const cut = children.length > maxLength;
  const parts = visibleParts(cut ? children.slice(0, maxLength) : children, multiline);
  return (
    <bdi className={classNames(multiline && "break-words whitespace-pre-wrap", className)}>
      {parts.map((part, at) =>
        part.mark === undefined ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text keep their place
          <Fragment key={at}>{part.text}</Fragment>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text keep their place
          <Mark key={at}>{part.mark}</Mark>
        ),
      )}
      {cut && "…"}
    </bdi>
  );
}

function Mark({ children }: { children: string }) {
  return (
    <span className="mx-px rounded-sm bg-timeout-soft px-0.5 font-mono text-[0.85em] text-timeout">
      {children}
    </span>
  );
}
