/** What can be done with a call: send it again, compare it, copy it. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import type { WireCall } from "../../src/api/wire.ts";
import { useServersById } from "../servers/servers-query.ts";
import { useShortcuts } from "../shortcuts.ts";
import { Button } from "../ui/button.tsx";
import { copyText } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Menu, type MenuEntry } from "../ui/menu.tsx";
import { toast, toastProblem } from "../ui/toast.tsx";
import { toCurl } from "./curl.ts";
import { alikeOf, neighboursQuery } from "./neighbours.ts";

const ReplayDialog = lazy(() =>
  import("./replay-dialog.tsx").then((module) => ({ default: module.ReplayDialog })),
);

export function CallActions({ call, replaying }: { call: WireCall; replaying: boolean }) {
  const [replay, setReplay] = useState(replaying);
  const copies = useCopies(call);
  const replayable = call.direction === "client" && call.kind !== "http";
  useShortcuts("Call", [
    { key: "r", label: "Replay the call", run: () => replayable && setReplay(true) },
    { key: "c", label: "Copy as cURL", run: () => copies[0]?.run() },
  ]);
  return (
    <div className="flex shrink-0 items-center gap-1">
      {replayable && (
        <span className="hidden sm:inline">
          <Button size="sm" icon="replay" onClick={() => setReplay(true)}>
            Replay
          </Button>
        </span>
      )}
      <Menu
        align="end"
        trigger={
          <button
            type="button"
            aria-label="More to do with this call"
            className="flex size-8 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text data-[popup-open]:bg-hover"
          >
            <Icon name="more" />
          </button>
        }
        groups={[
          replayable ? [{ label: "Replay…", icon: "replay", run: () => setReplay(true) }] : [],
          useComparisons(call),
          copies,
        ]}
      />
      {replay && (
        <Suspense>
          <ReplayDialog call={call} onClose={() => setReplay(false)} />
        </Suspense>
      )}
    </div>
  );
}

function useComparisons(call: WireCall): readonly MenuEntry[] {
  const navigate = useNavigate();
  const { tool_name: tool, replay_of: original } = call;
  const { data } = useQuery(neighboursQuery(call, alikeOf(call)));
  const compare = (a: string, b?: string) => () =>
    void navigate({ to: "/compare", search: b === undefined ? { a } : { a, b } });
  const previous = data?.previous;
  return [
    {
      label: `Compare with the previous call of this ${tool === "" ? "method" : "tool"}`,
      icon: "columns",
      disabled: previous === undefined,
      run: () => previous !== undefined && compare(previous, call.id)(),
    },
    { label: "Compare with another one…", icon: "columns", run: compare(call.id) },
    ...(original === null
      ? []
      : [
          {
            label: "Compare with what it repeats",
            icon: "columns" as const,
            run: compare(original, call.id),
          },
        ]),
  ];
}

function useCopies(call: WireCall): readonly MenuEntry[] {
  const servers = useServersById();
  const copy = (what: string, text: () => string) => () => {
    copyText(text()).then(
      () => toast(`${what} copied`),
      (cause: unknown) => toastProblem("Nothing was copied", cause),
    );
  };
  const entry = (what: string, text: () => string, disabled = false): MenuEntry => ({
    label: `Copy ${what}`,
    icon: "copy",
    disabled,
    run: copy(what, text),
  });
  const { request_body: request, response_body: response } = call;
  return [
    entry("as cURL", () => toCurl(call, servers.get(call.mcp_server_id))),
    entry("JSON-RPC request", () => request ?? "", !request),
    entry("JSON-RPC response", () => response ?? "", !response),
    entry("link", () => `${location.origin}/calls/${call.id}`),
    entry("id", () => call.id),
  ];
}
