/** Short news of what was done or failed, read out by screen readers, gone after a while. */
import { Toast as Base } from "@base-ui/react/toast";
import { toProblem } from "../problem.ts";
import { IconButton } from "./button.tsx";
import { Icon } from "./icon.tsx";

const toasts = Base.createToastManager();
const shownMs = 5_000;

/** From anywhere, after it has happened: `toast("Server deleted")`. */
export function toast(title: string, description?: string): void {
  toasts.add({ title, ...(description !== undefined && { description }), timeout: shownMs });
}

/** What could not be done, and why: stays until closed. */
export function toastProblem(title: string, cause: unknown): void {
  toasts.add({
    title,
    description: toProblem(cause).message,
    type: "error",
    priority: "high",
    timeout: 0,
  });
}

export function Toasts() {
  return (
    <Base.Provider toastManager={toasts} limit={3}>
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-4 z-50 flex w-80 max-w-[calc(100vw-2rem)] flex-col gap-2">
          <Shown />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function Shown() {
  const { toasts: shown } = Base.useToastManager();
  return shown.map((each) => (
    <Base.Root
      key={each.id}
      toast={each}
      className="flex items-start gap-2 rounded-lg bg-raised py-2.5 pr-2 pl-3 shadow-pop data-[limited]:hidden"
    >
      <Icon
        name={each.type === "error" ? "alert" : "check"}
        className={`mt-0.5 ${each.type === "error" ? "text-error" : "text-success"}`}
      />
      <div className="min-w-0 flex-1">
        <Base.Title className="font-medium" />
        <Base.Description className="text-muted break-words" />
      </div>
      <Base.Close render={<IconButton icon="close" label="Dismiss" size="sm" />} />
    </Base.Root>
  ));
}
