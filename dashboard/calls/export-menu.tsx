/** The calls of the filter as a file: asked for, shown how far it is, saved; or called off. */
import { useRef, useState } from "react";
import { send } from "../api.ts";
import { byteSize } from "../time.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Menu } from "../ui/menu.tsx";
import { Spinner } from "../ui/spinner.tsx";
import { toast, toastProblem } from "../ui/toast.tsx";
import { type CallFilter, toQuery } from "./call-filter.ts";

const formats = [
  { format: "ndjson", label: "NDJSON – a call a line, bodies whole" },
  { format: "csv", label: "CSV – for spreadsheets" },
  { format: "har", label: "HAR – for network viewers" },
] as const;

type Format = (typeof formats)[number]["format"];

export function ExportMenu({ filter }: { filter: CallFilter }) {
  const [bytes, setBytes] = useState<number>();
  const cancel = useRef<AbortController>(undefined);
  const run = async (format: Format) => {
    const controller = new AbortController();
    cancel.current = controller;
    setBytes(0);
    try {
      const query = { ...toQuery(filter, Date.now()), format };
      const answer = await send("/mcp/calls/export", { query, signal: controller.signal });
      // The browser keeps blobs that are large on disk.
      const blob = await new Response(counted(answer, setBytes)).blob();
      save(
        blob,
        `hookwatch-calls-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${format}`,
      );
      toast("Export saved", byteSize(blob.size));
    } catch (cause) {
      if (!controller.signal.aborted) toastProblem("Nothing was exported", cause);
    } finally {
      setBytes(undefined);
    }
  };
  return (
    <>
      <Menu
        align="end"
        trigger={
          <Button variant="quiet" icon="download" aria-label="Export" className="px-2 lg:px-3">
            <span className="hidden lg:inline">Export</span>
          </Button>
        }
        heading="The calls of this filter, as a file"
        groups={[formats.map(({ format, label }) => ({ label, run: () => void run(format) }))]}
      />
      <Dialog
        open={bytes !== undefined}
        onClose={() => cancel.current?.abort()}
        title="Exporting calls"
        actions={<Button onClick={() => cancel.current?.abort()}>Cancel</Button>}
      >
        <p role="status" className="flex items-center gap-2 text-muted">
          <Spinner /> {byteSize(bytes ?? 0)} so far
        </p>
      </Dialog>
    </>
  );
}

/** The body, and how much of it has come, told at most ten times a second. */
function counted(
  answer: Response,
  tell: (bytes: number) => void,
): ReadableStream<Uint8Array> | null {
  let bytes = 0;
  let toldMs = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (performance.now() - toldMs > 100) {
        toldMs = performance.now();
        tell(bytes);
      }
      controller.enqueue(chunk);
    },
  });
  return answer.body?.pipeThrough(counter) ?? null;
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Not at once: the browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
