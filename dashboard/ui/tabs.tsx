/** Views of one thing, one at a time. The panels are made when they are first shown. */
import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

export interface Tab<Value extends string> {
  readonly value: Value;
  readonly label: ReactNode;
  readonly content: ReactNode;
}

export interface TabsProps<Value extends string> {
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly tabs: readonly Tab<Value>[];
  readonly label: string;
  readonly className?: string;
  readonly panelClassName?: string;
}

export function Tabs<Value extends string>(props: TabsProps<Value>) {
  const { value, onChange, tabs, label, className, panelClassName } = props;
  return (
    <Base.Root
      value={value}
      onValueChange={(next) => onChange(next as Value)}
      className={classNames("flex min-h-0 flex-col", className)}
    >
      <Base.List
        aria-label={label}
        activateOnFocus
        className="flex shrink-0 gap-4 overflow-x-auto border-b px-4 [scrollbar-width:none]"
      >
        {tabs.map((tab) => (
          <Base.Tab
            key={tab.value}
            value={tab.value}
            className="-mb-px flex h-9 items-center gap-1.5 border-b-2 border-transparent whitespace-nowrap text-muted outline-offset-[-2px] select-none hover:text-text data-[active]:border-accent data-[active]:font-medium data-[active]:text-text"
          >
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((tab) => (
        <Base.Panel
          key={tab.value}
          value={tab.value}
          className={classNames(
            "min-h-0 flex-1 overflow-y-auto outline-offset-[-2px]",
            panelClassName,
          )}
        >
          {tab.content}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
