/**
 * Asks before something that cannot be undone, and says what goes with it. For what is worth more than a
 * click, its name has to be typed.
 */
import { type ReactNode, useState } from "react";
import { toProblem } from "../problem.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { TextField } from "./field.tsx";
import { Notice } from "./notice.tsx";

export interface ConfirmDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What goes: "3,204 calls are deleted with it." */
  readonly children: ReactNode;
  /** On the button: "Delete server". */
  readonly action: string;
  /** Has to be typed when given. */
  readonly typedName?: string;
  /** What it throws is shown, and the dialog stays. */
  readonly run: () => Promise<void>;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { open, onClose, title, children, action, typedName, run } = props;
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const close = () => {
    setTyped("");
    setProblem(undefined);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await run();
      close();
    } catch (cause) {
      setProblem(toProblem(cause).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title={title}
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            variant="danger"
            busy={busy}
            disabled={typedName !== undefined && typed !== typedName}
            onClick={() => void confirm()}
          >
            {action}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <div className="text-muted">{children}</div>
        {typedName !== undefined && (
          <TextField
            label={`Type “${typedName}” to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
        {problem !== undefined && <Notice kind="error">{problem}</Notice>}
      </div>
    </Dialog>
  );
}
