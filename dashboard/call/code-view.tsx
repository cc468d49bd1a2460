/** A text in the editor, which is loaded when one is first shown; the plain text until then, and where it fails. */
import { useEffect, useRef, useState } from "react";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { toastProblem } from "../ui/toast.tsx";
import type { CodeHandle, CodeOptions } from "./code-editor.ts";
import { formatJson } from "./json-format.ts";

export interface CodeViewProps {
  readonly label: string;
  readonly text: string;
  /** Laid out for reading when it is JSON; else as it is. */
  readonly formatted?: boolean;
  /** Fills its place instead of growing with its text. */
  readonly fill?: boolean;
}

/** Larger texts are shown as they are: laying them out takes the page too long. */
const formattedMaxLength = 4_194_304;
/** Of the plain text, until the editor has come. */
const previewMaxLength = 4_000;

export function CodeView({ label, text, formatted = true, fill = false }: CodeViewProps) {
  const [path, setPath] = useState("");
  const shown = formatted && text.length <= formattedMaxLength ? (formatJson(text) ?? text) : text;
  const { place, handle, ready } = useCode({ label, text: shown, onPath: setPath });
  return (
    <div
      className={classNames(
        "flex flex-col overflow-hidden rounded-md border bg-surface",
        fill ? "min-h-0 flex-1" : "max-h-[32rem]",
      )}
    >
      <div className="flex min-h-8 items-center gap-2 border-b bg-sunken px-2 text-sm text-muted">
        <h3 className="shrink-0 font-semibold text-text">{label}</h3>
        <span className="min-w-0 flex-1 truncate font-mono">
          {path !== "$" && <SafeText maxLength={300}>{path}</SafeText>}
        </span>
        {path !== "" && path !== "$" && <CopyButton text={path} label="Copy path" />}
        <Button
          size="sm"
          variant="quiet"
          icon="search"
          disabled={!ready}
          onClick={() => handle.current?.search()}
        >
          Search
        </Button>
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
      </div>
      <div ref={place} className="min-h-0 flex-1 overflow-auto" hidden={!ready} />
      {!ready && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        <pre className="min-h-0 flex-1 overflow-auto p-3 font-mono text-sm" tabIndex={0}>
          <SafeText multiline maxLength={previewMaxLength}>
            {shown}
          </SafeText>
        </pre>
      )}
    </div>
  );
}

function useCode(options: CodeOptions) {
  const place = useRef<HTMLDivElement>(null);
  const handle = useRef<CodeHandle>(undefined);
  const latest = useRef(options);
  latest.current = options;
  const [ready, setReady] = useState(false);
  const { label, text } = options;
  useEffect(() => {
    let left = false;
    import("./code-editor.ts")
      .then(({ openCode }) => {
        const parent = place.current;
        if (left || !parent) return;
        handle.current = openCode(parent, {
          label,
          text: latest.current.text,
          onPath: (path) => latest.current.onPath?.(path),
        });
        setReady(true);
      })
      .catch((cause: unknown) => toastProblem("The editor could not be loaded", cause));
    return () => {
      left = true;
      handle.current?.[Symbol.dispose]();
      handle.current = undefined;
      setReady(false);
    };
  }, [label]);
  useEffect(() => handle.current?.setText(text), [text]);
  return { place, handle, ready };
}
