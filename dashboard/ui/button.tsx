/** Buttons: one loud (`primary`), the rest quiet; `IconButton` for those that say what they do in a tooltip. */
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { classNames } from "./class-names.ts";
import { Icon, type IconName } from "./icon.tsx";
import { Spinner } from "./spinner.tsx";
import { Tooltip } from "./tooltip.tsx";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly variant?: "primary" | "default" | "quiet" | "danger";
  readonly size?: "sm" | "md";
  readonly icon?: IconName;
  /** Shows that the work goes on, and takes no second click. */
  readonly busy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

const variants = {
  primary:
    "bg-accent-solid text-on-accent border-transparent hover:bg-accent-solid-hover aria-disabled:hover:bg-accent-solid",
  default: "bg-surface border-line-strong hover:bg-hover active:bg-pressed",
  quiet:
    "border-transparent text-muted hover:text-text hover:bg-hover active:bg-pressed data-[popup-open]:bg-hover",
  danger: "bg-error-solid text-on-accent border-transparent hover:brightness-110",
};

const sizes = { sm: "h-6 px-2 gap-1 text-sm", md: "h-8 px-3 gap-1.5" };

export function Button(props: ButtonProps) {
  const { variant = "default", size = "md", icon, busy, className, children, ...rest } = props;
  return (
    <button
      type="button"
      {...rest}
      {...(busy && { "aria-disabled": true, onClick: undefined, type: "button" })}
      className={classNames(
        "inline-flex shrink-0 items-center justify-center rounded-md border font-medium whitespace-nowrap select-none",
        "disabled:opacity-50 aria-disabled:opacity-60",
        variants[variant],
        sizes[size],
        className,
      )}
    >
      {busy ? (
        <Spinner />
      ) : (
        icon && <Icon name={icon} className={size === "sm" ? "size-3.5" : ""} />
      )}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  readonly icon: IconName;
  readonly label: string;
  /** Shown after the label in the tooltip: `mod+k`. */
  readonly shortcut?: string;
  readonly children?: ReactNode;
}

export function IconButton(props: IconButtonProps) {
  const { icon, label, shortcut, size = "md", variant = "quiet", className, busy, ...rest } = props;
  return (
    <Tooltip text={label} {...(shortcut && { shortcut })}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        {...(busy && { "aria-disabled": true, onClick: undefined })}
        className={classNames(
          "inline-flex shrink-0 items-center justify-center rounded-md border select-none disabled:opacity-50",
          variants[variant],
          size === "sm" ? "size-6" : "size-8",
          className,
        )}
      >
        {busy ? <Spinner /> : <Icon name={icon} className={size === "sm" ? "size-3.5" : ""} />}
      </button>
    </Tooltip>
  );
}
