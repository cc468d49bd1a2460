/** ⌘K: every page and command by a few letters of its name. */
import { Dialog } from "@base-ui/react/dialog";
import { type KeyboardEvent, useId, useState } from "react";
import { type Command, useOfferedCommands } from "../commands.ts";
import { classNames } from "../ui/class-names.ts";
import { Icon } from "../ui/icon.tsx";

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const listId = useId();
  const found = matching(useOfferedCommands(), text);
  const chosen = Math.min(at, found.length - 1);
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt((chosen + 1) % found.length);
    else if (event.key === "ArrowUp") setAt((chosen + found.length - 1) % found.length);
    else if (event.key === "Enter") run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-shade" />
        <Dialog.Popup className="fixed top-[12vh] left-1/2 z-40 flex max-h-[min(28rem,70dvh)] w-[calc(100vw-1.5rem)] max-w-xl -translate-x-1/2 flex-col overflow-hidden rounded-xl bg-raised shadow-pop outline-none">
          <Dialog.Title className="sr-only">Commands</Dialog.Title>
          <div className="flex h-12 shrink-0 items-center gap-2 border-b px-4">
            <Icon name="search" className="text-muted" />
            <input
              role="combobox"
              aria-label="Search commands and pages"
              aria-expanded
              aria-controls={listId}
              aria-activedescendant={found.length > 0 ? `${listId}-${chosen}` : undefined}
              className="h-full min-w-0 flex-1 bg-transparent text-lg outline-none"
              placeholder="Search commands and pages"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setAt(0);
              }}
              onKeyDown={onKeyDown}
            />
          </div>
          <div id={listId} role="listbox" aria-label="Commands" className="overflow-y-auto p-1.5">
            {found.map((command, place) => (
              <Option
                key={`${command.group} ${command.title}`}
                id={`${listId}-${place}`}
                command={command}
                chosen={place === chosen}
                onPoint={() => setAt(place)}
                onRun={() => run(command)}
              />
            ))}
          </div>
          {found.length === 0 && (
            <p role="status" className="p-6 pt-2 text-center text-muted">
              No command has these letters.
            </p>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface OptionProps {
  readonly id: string;
  readonly command: Command;
  readonly chosen: boolean;
  readonly onPoint: () => void;
  readonly onRun: () => void;
}

function Option({ id, command, chosen, onPoint, onRun }: OptionProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are taken by the input, which keeps the focus
    <div
      id={id}
      ref={(element) => {
        if (chosen) element?.scrollIntoView({ block: "nearest" });
      }}
      role="option"
      tabIndex={-1}
      aria-selected={chosen}
      className={classNames(
        "flex h-9 cursor-pointer items-center gap-2 rounded-md px-2.5",
        chosen && "bg-hover",
      )}
      onPointerMove={onPoint}
      onClick={onRun}
    >
      <span className="min-w-0 flex-1 truncate">{command.title}</span>
      <span className="text-sm text-muted">{command.group}</span>
    </div>
  );
}

/** All of whose words the title, group or keywords have; at most 50. */
function matching(commands: readonly Command[], text: string): readonly Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return commands
    .filter(({ title, group, keywords = "" }) => {
      const all = `${title} ${group} ${keywords}`.toLowerCase();
      return words.every((word) => all.includes(word));
    })
    .slice(0, 50);
}
