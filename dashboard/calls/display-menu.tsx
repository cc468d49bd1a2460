/** How the list looks: how close its rows stand, and which columns they have. Remembered in this browser. */
import { callColumns, prefer, usePreferences } from "../preferences.ts";
import { Button } from "../ui/button.tsx";
import { Menu } from "../ui/menu.tsx";
import { columnTitles } from "./columns.ts";

const densities = [
  { density: "comfortable", label: "Comfortable rows" },
  { density: "compact", label: "Compact rows" },
] as const;

export function DisplayMenu() {
  const { density, callColumns: chosen } = usePreferences();
  return (
    <Menu
      align="end"
      trigger={
        <Button variant="quiet" icon="columns" aria-label="Display" className="px-2 lg:px-3">
          <span className="hidden lg:inline">Display</span>
        </Button>
      }
      groups={[
        densities.map((each) => ({
          label: each.label,
          checked: each.density === density,
          stays: true,
          run: () => prefer({ density: each.density }),
        })),
        callColumns.map((column) => ({
          label: columnTitles[column],
          checked: chosen.includes(column),
          stays: true,
          run: () =>
            prefer({
              callColumns: callColumns.filter(
                (each) => chosen.includes(each) !== (each === column),
              ),
            }),
        })),
      ]}
    />
  );
}
