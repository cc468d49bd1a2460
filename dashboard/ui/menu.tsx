/** A button that opens a list of commands. */
import { Menu as Base } from "@base-ui/react/menu";
import { Fragment, type ReactElement, type ReactNode } from "react";
import { classNames } from "./class-names.ts";
import { Icon, type IconName } from "./icon.tsx";
import { Kbd } from "./kbd.tsx";

export interface MenuEntry {
  readonly label: ReactNode;
  readonly run: () => void;
  readonly icon?: IconName;
  readonly shortcut?: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** Shown with a check mark when true, and the room for one when false. */
  readonly checked?: boolean;
  /** The menu stays open, for more of its kind. */
  readonly stays?: boolean;
}

export interface MenuProps {
  /** The button: `<Button>…</Button>` or `<IconButton …/>`'s plain sibling. */
  readonly trigger: ReactElement;
  /** Groups of entries, parted by a line. */
  readonly groups: readonly (readonly MenuEntry[])[];
  /** Above the entries. */
  readonly heading?: ReactNode;
  readonly align?: "start" | "end";
  readonly side?: "top" | "bottom";
}

export function Menu({ trigger, groups, heading, align = "start", side = "bottom" }: MenuProps) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align={align} side={side} className="z-50">
          <Base.Popup className="max-h-[min(28rem,var(--available-height))] max-w-96 min-w-44 overflow-y-auto rounded-lg bg-raised p-1 shadow-pop outline-none">
            {heading !== undefined && (
              <div className="px-2 py-1.5 text-sm text-muted">{heading}</div>
            )}
            {groups
              .filter((group) => group.length > 0)
              .map((group, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: groups have no name and keep their place
                <Fragment key={at}>
                  {at > 0 && <Base.Separator className="-mx-1 my-1 h-px bg-line" />}
                  {group.map((entry, place) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: entries have no name and keep their place
                    <Entry key={place} entry={entry} />
                  ))}
                </Fragment>
              ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Entry({ entry }: { entry: MenuEntry }) {
  const {
    label,
    run,
    icon,
    shortcut,
    danger = false,
    disabled = false,
    checked,
    stays = false,
  } = entry;
  return (
    <Base.Item
      onClick={run}
      closeOnClick={!stays}
      disabled={disabled}
      className={classNames(
        "flex min-h-7 items-center gap-2 rounded-md px-2 py-1 outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-hover",
        danger && "text-error",
      )}
    >
      {checked !== undefined && (
        <span className="w-4">
          {checked && <Icon name="check" className="size-3.5 text-accent" />}
        </span>
      )}
      {icon && <Icon name={icon} className={danger ? "" : "text-muted"} />}
      <span className="min-w-0 flex-1 truncate">{label}</span>
      {checked && <span className="sr-only">(chosen)</span>}
      {shortcut !== undefined && <Kbd keys={shortcut} />}
    </Base.Item>
  );
}
