/** Whether new calls are shown as they end, and how that goes. */

import { classNames } from "../ui/class-names.ts";
import { Icon } from "../ui/icon.tsx";
import { Tooltip } from "../ui/tooltip.tsx";
import type { FeedState } from "./call-feed.ts";

export interface LiveButtonProps {
  readonly wanted: boolean;
  readonly state: FeedState["live"];
  readonly problem: string | undefined;
  /** The range ends in the past: nothing can come. */
  readonly closed: boolean;
  readonly onToggle: () => void;
}

export function LiveButton({ wanted, state, problem, closed, onToggle }: LiveButtonProps) {
  const on = wanted && !closed;
  return (
    <Tooltip text={explain({ on, state, problem, closed })} shortcut="l">
      <button
        type="button"
        aria-pressed={on}
        aria-disabled={closed}
        className={classNames(
          "inline-flex h-8 items-center gap-2 rounded-md border px-2.5 font-medium select-none aria-disabled:opacity-50",
          on && state === "on" && "border-success/40 bg-success-soft text-success",
          on && state === "lost" && "border-timeout/40 bg-timeout-soft text-timeout",
          (!on || state === "connecting" || state === "off") &&
            "border-line-strong bg-surface text-muted hover:text-text",
        )}
        onClick={() => !closed && onToggle()}
      >
        <Icon name={on ? "live" : "pause"} />
        {on && state === "lost" ? "Reconnecting" : on ? "Live" : "Paused"}
      </button>
    </Tooltip>
  );
}

function explain({
  on,
  state,
  problem,
  closed,
}: Pick<LiveButtonProps, "state" | "problem" | "closed"> & { on: boolean }): string {
  if (closed) return "The time range ends in the past, so nothing new can come";
  if (!on) return "Show new calls as they end";
  if (state === "lost") return problem ?? "The connection was lost; it is tried again";
  return "New calls are shown as they end. Pause";
}
