/** Filters worth a name: a few that everybody needs, and one's own, kept in this browser. */
import { type FormEvent, useState } from "react";
import { readStored, write } from "../preferences.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { Menu } from "../ui/menu.tsx";
import { toast } from "../ui/toast.tsx";
import { type CallFilter, filterKey, parseCallFilter } from "./call-filter.ts";

export interface SavedViewsProps {
  readonly filter: CallFilter;
  readonly onChange: (filter: CallFilter) => void;
}

interface View {
  readonly name: string;
  readonly filter: CallFilter;
}

const builtIn: readonly View[] = [
  { name: "Everything", filter: {} },
  { name: "Errors and timeouts", filter: { status: ["error", "timeout"] } },
  { name: "Slow, over a second", filter: { min_duration_ms: "1000" } },
  { name: "Tool calls", filter: { method: ["tools/call"] } },
  { name: "Asked by servers", filter: { direction: ["server"] } },
];

const storageKey = "hookwatch.views";
const viewsMax = 50;

export function SavedViews({ filter, onChange }: SavedViewsProps) {
  const [views, setViews] = useState(readViews);
  const [naming, setNaming] = useState(false);
  const keep = (next: readonly View[]) => {
    setViews(next);
    if (!write(storageKey, next)) toast("Kept for now", "This browser lets pages keep nothing.");
  };
  const own = views.find((view) => filterKey(view.filter) === filterKey(filter));
  const entry = (view: View) => ({
    label: view.name,
    checked: filterKey(view.filter) === filterKey(filter),
    run: () => onChange(view.filter),
  });
  return (
    <>
      <Menu
        align="end"
        trigger={
          <Button variant="quiet" icon="bookmark" aria-label="Views" className="px-2 lg:px-3">
            <span className="hidden lg:inline">Views</span>
          </Button>
        }
        groups={[
          builtIn.map(entry),
          views.map(entry),
          own
            ? [
                {
                  label: `Delete “${own.name}”`,
                  icon: "trash",
                  run: () => keep(views.filter((view) => view !== own)),
                },
              ]
            : [
                {
                  label: "Save this view…",
                  icon: "plus",
                  disabled: views.length >= viewsMax,
                  run: () => setNaming(true),
                },
              ],
        ]}
      />
      <NameDialog
        open={naming}
        onClose={() => setNaming(false)}
        taken={views.map(({ name }) => name)}
        onName={(name) => {
          const { call: _call, ...kept } = filter;
          keep([...views, { name, filter: kept }]);
          toast(`View “${name}” saved`, "In this browser, for you alone.");
        }}
      />
    </>
  );
}

interface NameDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly taken: readonly string[];
  readonly onName: (name: string) => void;
}

function NameDialog({ open, onClose, taken, onName }: NameDialogProps) {
  const [name, setName] = useState("");
  const trimmed = name.trim();
  const clash = taken.includes(trimmed);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (trimmed === "" || clash) return;
    onName(trimmed);
    setName("");
    onClose();
  };
  return (
    <Dialog open={open} onClose={onClose} title="Save this view">
      <form className="flex flex-col gap-4" onSubmit={submit}>
        <TextField
          label="Name"
          value={name}
          maxLength={80}
          error={clash ? "There is a view of this name." : undefined}
          hint="Filters and time range, kept in this browser."
          onChange={(event) => setName(event.target.value)}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" disabled={trimmed === "" || clash}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What was kept may be of an older version, or somebody's experiment: it passes the same gate as an address. */
function readViews(): readonly View[] {
  const stored = readStored(storageKey);
  if (!Array.isArray(stored)) return [];
  return stored.slice(0, viewsMax).flatMap((view: unknown) => {
    const { name, filter } = (view ?? {}) as { name?: unknown; filter?: unknown };
    if (typeof name !== "string" || typeof filter !== "object" || filter === null) return [];
    return [{ name, filter: parseCallFilter(filter as Record<string, unknown>) }];
  });
}
