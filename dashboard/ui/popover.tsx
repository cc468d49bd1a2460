/** A small form or text beside the button that opens it. */
import { Popover as Base } from "@base-ui/react/popover";
import type { ReactElement, ReactNode } from "react";

export interface PopoverProps {
  readonly trigger: ReactElement;
  readonly title: string;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly align?: "start" | "end";
  readonly children: ReactNode;
}

export function Popover({ trigger, title, open, onOpenChange, align, children }: PopoverProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align={align ?? "start"} className="z-50">
          <Base.Popup className="max-h-[var(--available-height)] max-w-[calc(100vw-1rem)] overflow-y-auto rounded-lg bg-raised p-3 shadow-pop outline-none">
            <Base.Title className="sr-only">{title}</Base.Title>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
