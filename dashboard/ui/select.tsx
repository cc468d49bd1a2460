/** One of a few values. For a handful of commands see menu.tsx. */
import { Select as Base } from "@base-ui/react/select";
import { classNames } from "./class-names.ts";
import { Icon } from "./icon.tsx";

export interface SelectOption<Value extends string> {
  readonly value: Value;
  readonly label: string;
}

export interface SelectProps<Value extends string> {
  readonly value: Value;
  readonly options: readonly SelectOption<Value>[];
  readonly onChange: (value: Value) => void;
  /** Says what is chosen, where no visible label does. */
  readonly label?: string;
  readonly id?: string;
  readonly disabled?: boolean;
  readonly className?: string;
}

export function Select<Value extends string>(props: SelectProps<Value>) {
  const { value, options, onChange, label, id, disabled = false, className } = props;
  return (
    <Base.Root
      items={options}
      value={value}
      onValueChange={(next) => next !== null && onChange(next as Value)}
      disabled={disabled}
    >
      <Base.Trigger
        {...(id !== undefined && { id })}
        {...(label !== undefined && { "aria-label": label })}
        className={classNames(
          "inline-flex h-8 min-w-0 items-center justify-between gap-2 rounded-md border border-line-strong bg-surface px-2.5 select-none hover:bg-hover data-[disabled]:opacity-50",
          className,
        )}
      >
        <Base.Value className="truncate" />
        <Base.Icon className="text-muted">
          <Icon name="chevronUpDown" className="size-3.5" />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-50">
          <Base.Popup className="max-h-[min(24rem,var(--available-height))] min-w-[var(--anchor-width)] overflow-y-auto rounded-lg bg-raised p-1 shadow-pop outline-none">
            {options.map((option) => (
              <Base.Item
                key={option.value}
                value={option.value}
                className="flex h-7 items-center gap-2 rounded-md pr-3 pl-2 outline-none select-none data-[highlighted]:bg-hover"
              >
                <span className="w-4">
                  <Base.ItemIndicator>
                    <Icon name="check" className="size-3.5 text-accent" />
                  </Base.ItemIndicator>
                </span>
                <Base.ItemText>{option.label}</Base.ItemText>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
