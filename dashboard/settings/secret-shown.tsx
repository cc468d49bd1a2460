/** A secret that was made just now and is never shown again. */
import type { ReactNode } from "react";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";

export interface SecretShownProps {
  readonly text: string;
  /** Of the button that copies it. */
  readonly label: string;
  readonly children: ReactNode;
  readonly onDone: () => void;
}

export function SecretShown({ text, label, children, onDone }: SecretShownProps) {
  return (
    <div className="flex flex-col gap-4">
      <p className="text-muted">{children}</p>
      <code className="rounded-md bg-sunken px-3 py-2 font-mono text-sm break-all">{text}</code>
      <div className="flex justify-end gap-2">
        <CopyButton text={text} label={label} wide size="md" variant="primary" />
        <Button onClick={onDone}>Done</Button>
      </div>
    </div>
  );
}
