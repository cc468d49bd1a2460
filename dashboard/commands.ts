/** What ⌘K offers: the shell's own commands, and those of the screen that is shown. */
import { useEffect, useRef } from "react";
import { LiveValue, useLive } from "./live-value.ts";

export interface Command {
  readonly title: string;
  /** Heading it is listed under. */
  readonly group: string;
  readonly run: () => void;
  /** More words it is found by. */
  readonly keywords?: string;
}

const offered = new LiveValue<readonly (readonly Command[])[]>([]);

/** While the component is there, its commands are offered. The latest component comes first. */
export function useCommands(commands: readonly Command[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  const titles = commands.map(({ group, title }) => `${group} ${title}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: registered anew when titles change, not when closures do
  useEffect(() => {
    const own = latest.current.map((command, at) => ({
      ...command,
      run: () => latest.current[at]?.run(),
    }));
    offered.set([own, ...offered.get()]);
    return () => offered.set(offered.get().filter((each) => each !== own));
  }, [titles]);
}

export function useOfferedCommands(): readonly Command[] {
  return useLive(offered).flat();
}
