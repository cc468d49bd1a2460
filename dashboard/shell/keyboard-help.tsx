/** Every key that does something on the screen that is shown. */
import { Fragment } from "react";
import { prefer, usePreferences } from "../preferences.ts";
import { useShortcutGroups } from "../shortcuts.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { Switch } from "../ui/switch.tsx";

export function KeyboardHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  const groups = useShortcutGroups();
  const { letterKeys } = usePreferences();
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts">
      <div className="flex flex-col gap-5">
        {groups.map(({ title, shortcuts }) => (
          <section key={title} aria-label={title}>
            <h3 className="mb-2 text-sm font-medium text-muted">{title}</h3>
            <dl className="grid grid-cols-[1fr_auto] gap-y-1.5">
              {shortcuts
                .filter((shortcut) => !shortcut.hidden)
                .map(({ key, label }) => (
                  <Fragment key={key}>
                    <dt>{label}</dt>
                    <dd className="justify-self-end">
                      <Kbd keys={key} />
                    </dd>
                  </Fragment>
                ))}
            </dl>
          </section>
        ))}
        <div className="flex items-center justify-between gap-3 border-t pt-4">
          <span>Keys of one letter</span>
          <Switch
            label="Keys of one letter"
            checked={letterKeys}
            onChange={(checked) => prefer({ letterKeys: checked })}
          />
        </div>
      </div>
    </Dialog>
  );
}
