/** The configuration of each client, ready to be copied. Which client was looked at last is remembered. */
import { useState } from "react";
import { readStored, write } from "../preferences.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { type ClientSnippet, clientSnippets, type SnippetsOptions } from "./client-snippets.ts";

const storedAs = "hookwatch.client";

export function Snippets(props: SnippetsOptions) {
  const snippets = clientSnippets(props);
  const first = snippets[0]?.client ?? "";
  const [client, setClient] = useState(() => String(readStored(storedAs) ?? first));
  const choose = (next: string) => {
    setClient(next);
    write(storedAs, next);
  };
  const shown = snippets.some((snippet) => snippet.client === client) ? client : first;
  return (
    <Tabs
      label="Client"
      value={shown}
      onChange={choose}
      className="-mx-4 -mt-2"
      panelClassName="px-4 pt-3"
      tabs={snippets.map((snippet) => ({
        value: snippet.client,
        label: snippet.client,
        content: <SnippetText {...snippet} />,
      }))}
    />
  );
}

function SnippetText({ client, where, text, install, note }: ClientSnippet) {
  return (
    <div className="flex flex-col gap-2">
      <div className="flex min-h-6 items-center gap-2">
        <span className="min-w-0 flex-1 truncate text-sm text-muted">{where}</span>
        {install !== undefined && (
          <a
            href={install}
            className="inline-flex h-6 items-center gap-1 rounded-md px-2 text-sm font-medium text-accent hover:bg-hover"
          >
            <Icon name="external" className="size-3.5" />
            Add to {client}
          </a>
        )}
        <CopyButton text={text} label={`Copy for ${client}`} />
      </div>
      <section
        aria-label={`Configuration for ${client}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys (axe scrollable-region-focusable)
        tabIndex={0}
        className="overflow-x-auto rounded-md bg-sunken"
      >
        <pre className="px-3 py-2.5 font-mono text-sm">{text}</pre>
      </section>
      {note !== undefined && <p className="text-sm text-muted">{note}</p>}
    </div>
  );
}
