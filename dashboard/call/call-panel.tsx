/** A call beside the list it was chosen from. */
import { useNavigate } from "@tanstack/react-router";
import { IconButton } from "../ui/button.tsx";
import { CallView } from "./call-view.tsx";

export interface CallPanelProps {
  readonly callId: string;
  readonly onClose: () => void;
  /** To the call before or after it in the list. */
  readonly onStep: (by: 1 | -1) => void;
}

export function CallPanel({ callId, onClose, onStep }: CallPanelProps) {
  const navigate = useNavigate();
  const open = (id: string) =>
    void navigate({ to: ".", search: (search: object) => ({ ...search, call: id }) });
  return (
    <CallView
      key={callId}
      callId={callId}
      onOpen={open}
      trail={
        <div className="flex shrink-0 items-center">
          <span className="hidden sm:contents">
            <IconButton icon="arrowUp" label="Call above" shortcut="k" onClick={() => onStep(-1)} />
            <IconButton
              icon="arrowDown"
              label="Call below"
              shortcut="j"
              onClick={() => onStep(1)}
            />
          </span>
          <IconButton
            icon="external"
            label="Open as a page"
            onClick={() => void navigate({ to: "/calls/$callId", params: { callId } })}
          />
          <IconButton icon="close" label="Close" shortcut="Escape" onClick={onClose} />
        </div>
      }
    />
  );
}
