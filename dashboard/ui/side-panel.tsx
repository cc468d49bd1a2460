/**
 * What was chosen in a list, beside it: resizable by pointer and by keys. No dialog there: the list stays
 * usable, and Escape closes it by the screen's own shortcut. On narrow screens it is one, over everything.
 */
import { Dialog } from "@base-ui/react/dialog";
import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useState,
  useSyncExternalStore,
} from "react";
import { readStored, write } from "../preferences.ts";

const storageKey = "hookwatch.side-panel";
const widthMinPx = 360;
/** Widest that is kept; the window may allow less. */
const widthMaxPx = 2_000;
const stepPx = 40;

/** Where Tailwind's `lg` begins. */
const wide = window.matchMedia("(width >= 64rem)");

export interface SidePanelProps {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function SidePanel({ label, onClose, children }: SidePanelProps) {
  const isWide = useSyncExternalStore(followWidth, () => wide.matches);
  if (isWide) return <Beside label={label}>{children}</Beside>;
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Popup
          aria-label={label}
          className="fixed inset-0 z-30 flex flex-col bg-surface outline-none"
        >
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Beside({ label, children }: Pick<SidePanelProps, "label" | "children">) {
  const [widthPx, setWidthPx] = useState(readWidth);
  const resize = (px: number) => {
    const bounded = bound(px);
    setWidthPx(bounded);
    write(storageKey, bounded);
  };
  const drag = (event: PointerEvent<HTMLElement>) => {
    if (event.buttons === 1) resize(window.innerWidth - event.clientX);
  };
  const step = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") resize(widthPx + stepPx);
    else if (event.key === "ArrowRight") resize(widthPx - stepPx);
    else return;
    event.preventDefault();
  };
  return (
    <aside
      aria-label={label}
      style={{ "--panel-width": `${widthPx}px` } as object}
      className="relative flex min-h-0 w-[var(--panel-width)] max-w-[70vw] shrink-0 flex-col border-l bg-surface"
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a separator that is moved has no element of its own */}
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the panel"
        aria-valuemin={widthMinPx}
        aria-valuemax={widthMaxPx}
        aria-valuenow={Math.round(widthPx)}
        tabIndex={0}
        className="absolute inset-y-0 left-0 z-10 w-1.5 -translate-x-1/2 cursor-col-resize touch-none hover:bg-accent/40 focus-visible:bg-accent/40"
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onKeyDown={step}
      />
      {children}
    </aside>
  );
}

function readWidth(): number {
  const stored = readStored(storageKey);
  return bound(typeof stored === "number" ? stored : window.innerWidth * 0.42);
}

function bound(px: number): number {
  return Math.min(Math.max(px, widthMinPx), Math.max(widthMinPx, window.innerWidth * 0.7));
}

function followWidth(listener: () => void): () => void {
  wide.addEventListener("change", listener);
  return () => wide.removeEventListener("change", listener);
}
