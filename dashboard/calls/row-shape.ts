/** Rows are one line high where the list is wide, two lines where it is narrow: on a phone, or beside a panel. */
import { type RefObject, useLayoutEffect, useState } from "react";
import type { Preferences } from "../preferences.ts";

/** Where Tailwind's container size `@xl` begins, which the rows follow. */
const wideRem = 36;
const heightsRem = {
  comfortable: { 1: 2, 2: 3.375 },
  compact: { 1: 1.5, 2: 2.75 },
} as const;

export interface RowShape {
  readonly heightPx: number;
  readonly lines: 1 | 2;
}

/** Follows the width of the list. */
export function useRowShape(
  list: RefObject<HTMLElement | null>,
  density: Preferences["density"],
): RowShape {
  const [widthPx, setWidthPx] = useState(() => window.innerWidth);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      // With the scroll bar, as the container's queries count it.
      const width = entry?.borderBoxSize[0]?.inlineSize;
      if (width !== undefined) setWidthPx(width);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [list]);
  const remPx = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const lines = widthPx >= wideRem * remPx ? 1 : 2;
  return { lines, heightPx: Math.round(heightsRem[density][lines] * remPx) };
}
