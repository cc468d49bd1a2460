/** Copies a text, and says so where it was clicked. */
import { useEffect, useState } from "react";
import { Button, IconButton } from "./button.tsx";
import { toastProblem } from "./toast.tsx";

export interface CopyButtonProps {
  /** Asked for when clicked, so that making it may cost something. */
  readonly text: string | (() => string | Promise<string>);
  /** What is copied: "Copy proxy URL". */
  readonly label: string;
  /** With the label beside the icon. */
  readonly wide?: boolean;
  readonly size?: "sm" | "md";
  readonly variant?: "primary" | "default" | "quiet";
}

const toldMs = 1_500;

export function CopyButton({ text, label, wide = false, size = "sm", variant }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), toldMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await copyText(typeof text === "string" ? text : await text());
      setCopied(true);
    } catch (cause) {
      toastProblem("Nothing was copied", cause);
    }
  };
  const icon = copied ? "check" : "copy";
  const said = copied ? "Copied" : label;
  if (!wide) {
    return (
      <IconButton
        icon={icon}
        label={said}
        size={size}
        variant={variant ?? "quiet"}
        onClick={() => void copy()}
      />
    );
  }
  return (
    <Button icon={icon} size={size} variant={variant ?? "default"} onClick={() => void copy()}>
      {said}
    </Button>
  );
}

/** Also where the clipboard is closed: pages of plain http that are not on this machine. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (!copied) throw new Error("this browser lets pages of plain http copy nothing");
}
