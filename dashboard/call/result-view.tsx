/** What came of a call: the error on top, then the answer as its method gives it a meaning, then what is left as JSON. */
import type { ReactNode } from "react";
import { Badge } from "../ui/badge.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { CodeView } from "./code-view.tsx";
import { ContentBlocks, ResourceBlock, TextBlock } from "./content-blocks.tsx";
import { memberText } from "./json-member.ts";
import { type Fields, type ReadCall, textOf, toFields, toList } from "./rpc-message.ts";

const shownMax = 50;

export function ResultView({
  read,
  responseBody,
}: {
  read: ReadCall;
  responseBody: string | null;
}) {
  const { result, error } = read;
  if (error) {
    return error.data === undefined ? null : (
      <CodeView label="Error data" text={memberText(responseBody ?? "", ["error", "data"]) ?? ""} />
    );
  }
  if (!result) {
    return responseBody ? (
      <Part title="Answer">
        <TextBlock text={responseBody} />
      </Part>
    ) : null;
  }
  return <ResultParts result={result} body={responseBody ?? ""} />;
}

/** `body`: the answer that the result is in, to show numbers as they were sent. */
function ResultParts({ result, body }: { result: Fields; body: string }) {
  const content = toList(result.content);
  const messages = toList(result.messages);
  const contents = toList(result.contents);
  const tools = toList(result.tools);
  const known = content ?? messages ?? contents ?? tools;
  if (!known) {
    return <CodeView label="Result" text={memberText(body, ["result"]) ?? ""} />;
  }
  return (
    <>
      {content && (
        <Part title="Content">
          <ContentBlocks blocks={content} label="Content" />
        </Part>
      )}
      {messages && <PromptMessages messages={messages} />}
      {contents && (
        <Part title="Contents">
          <div className="flex flex-col gap-2">
            {contents.slice(0, shownMax).map((resource, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: resources may repeat and keep their place
              <ResourceBlock key={at} resource={resource} />
            ))}
          </div>
        </Part>
      )}
      {tools && <ToolList tools={tools} />}
      {result.structuredContent !== undefined && (
        <CodeView
          label="Structured content"
          text={memberText(body, ["result", "structuredContent"]) ?? ""}
        />
      )}
    </>
  );
}

function PromptMessages({ messages }: { messages: readonly Fields[] }) {
  return (
    <Part title="Messages">
      <div className="flex flex-col gap-2">
        {messages.slice(0, shownMax).map(({ role, content }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: messages may repeat and keep their place
          <div key={at} className="flex flex-col gap-1">
            <span className="text-sm text-muted">
              <SafeText maxLength={40}>{textOf(role)}</SafeText>
            </span>
            <ContentBlocks
              blocks={toList(content) ?? [toFields(content) ?? {}]}
              label={`Message ${at + 1}`}
            />
          </div>
        ))}
      </div>
    </Part>
  );
}

function ToolList({ tools }: { tools: readonly Fields[] }) {
  return (
    <Part title={`Tools (${tools.length})`}>
      <ul className="divide-y rounded-md border bg-surface">
        {tools.slice(0, shownMax * 4).map((tool, at) => {
          const hints = toFields(tool.annotations);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: names of tools may repeat
            <li key={at} className="px-3 py-2">
              <div className="flex flex-wrap items-center gap-2">
                <SafeText maxLength={200} className="font-mono text-sm font-medium">
                  {textOf(tool.name)}
                </SafeText>
                {hints?.readOnlyHint === true && <Badge tone="success">Reads only</Badge>}
                {hints?.destructiveHint === true && <Badge tone="error">May destroy</Badge>}
              </div>
              <SafeText maxLength={300} className="text-muted">
                {textOf(tool.description)}
              </SafeText>
            </li>
          );
        })}
      </ul>
    </Part>
  );
}

export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex flex-col gap-2">
      <h3 className="font-semibold">{title}</h3>
      {children}
    </section>
  );
}
