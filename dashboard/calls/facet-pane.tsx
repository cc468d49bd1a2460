/** The facets: a rail on wide screens, a sheet that is called for on others. */
import { Dialog } from "@base-ui/react/dialog";
import { Button, IconButton } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { FacetRail, type FacetRailProps } from "./facet-rail.tsx";

export interface FacetPaneProps extends FacetRailProps {
  /** A call is open beside the list, which needs the room on all but very wide screens. */
  readonly squeezed: boolean;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

export function FacetPane({ squeezed, open, onOpenChange, ...rail }: FacetPaneProps) {
  return (
    <>
      <section
        aria-label="Filters"
        className={classNames(
          "hidden w-56 shrink-0 overflow-y-auto border-r",
          squeezed ? "2xl:block" : "xl:block",
        )}
      >
        <FacetRail {...rail} />
      </section>
      <Dialog.Root open={open} onOpenChange={onOpenChange}>
        <Dialog.Portal>
          <Dialog.Backdrop className="fixed inset-0 z-40 bg-shade" />
          <Dialog.Popup className="fixed inset-y-0 right-0 z-40 flex w-80 max-w-[90vw] flex-col bg-raised shadow-pop outline-none">
            <div className="flex items-center justify-between border-b px-4 py-2">
              <Dialog.Title className="font-semibold">Filters</Dialog.Title>
              <Dialog.Close render={<IconButton icon="close" label="Close" />} />
            </div>
            <div className="min-h-0 flex-1 overflow-y-auto">
              <FacetRail {...rail} />
            </div>
            <div className="border-t p-3">
              <Button variant="primary" className="w-full" onClick={() => onOpenChange(false)}>
                Show calls
              </Button>
            </div>
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
    </>
  );
}
