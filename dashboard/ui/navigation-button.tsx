/** On narrow screens the navigation is behind this button, which stands in the header of every page. */
import { LiveValue } from "../live-value.ts";
import { IconButton } from "./button.tsx";

/** Whether the navigation lies over the page; the shell shows it. */
export const navigationOpen = new LiveValue(false);

export function NavigationButton() {
  return (
    <IconButton
      icon="menu"
      label="Open navigation"
      className="-ml-1 md:hidden"
      onClick={() => navigationOpen.set(true)}
    />
  );
}
