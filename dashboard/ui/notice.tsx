/** A sentence that has to be seen where it stands: what failed, what to beware of, what is missing. */
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";
import { Icon, type IconName } from "./icon.tsx";

const kinds = {
  error: { icon: "alert", className: "bg-error-soft text-error" },
  warning: { icon: "alert", className: "bg-timeout-soft text-timeout" },
  success: { icon: "check", className: "bg-success-soft text-success" },
  hint: { icon: "help", className: "bg-sunken text-muted" },
} satisfies Record<string, { icon: IconName; className: string }>;

export interface NoticeProps {
  readonly kind: keyof typeof kinds;
  readonly children: ReactNode;
  /** A button that mends it. */
  readonly action?: ReactNode;
  readonly className?: string;
}

export function Notice({ kind, children, action, className }: NoticeProps) {
  const { icon, className: look } = kinds[kind];
  return (
    <div
      role={kind === "error" ? "alert" : "note"}
      className={classNames("flex items-start gap-2 rounded-md px-3 py-2", look, className)}
    >
      <Icon name={icon} className="mt-0.5" />
      <div className="min-w-0 flex-1 break-words">{children}</div>
      {action}
    </div>
  );
}
