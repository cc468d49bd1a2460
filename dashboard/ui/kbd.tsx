/** A key or a combination, as it is labelled on this machine. */
import { keyLabel } from "../shortcuts.ts";

export function Kbd({ keys }: { keys: string }) {
  return (
    <kbd className="inline-flex h-[1.125rem] min-w-[1.125rem] items-center justify-center rounded-sm border border-line-strong bg-sunken px-1 font-sans text-xs text-muted">
      {keyLabel(keys)}
    </kbd>
  );
}
