/** On or off, at once. */
import { Switch as Base } from "@base-ui/react/switch";

export interface SwitchProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}

export function Switch({ label, checked, onChange, disabled = false }: SwitchProps) {
  return (
    <Base.Root
      aria-label={label}
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled}
      className="inline-flex h-[1.125rem] w-8 shrink-0 items-center rounded-full bg-line-strong p-0.5 transition-colors data-[checked]:bg-accent-solid data-[disabled]:opacity-50"
    >
      <Base.Thumb className="block size-3.5 rounded-full bg-on-accent transition-transform data-[checked]:translate-x-3.5" />
    </Base.Root>
  );
}
