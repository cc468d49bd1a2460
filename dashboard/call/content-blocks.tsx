/**
 * What a server answered, as people read it: the blocks of `content[]`, of prompts and of resources.
 *
 * In: parts of a result, nothing of them trusted. Out: text as text, pictures made of points as pictures, everything else
 * by its name and size. Bounds: `blocksMax` blocks at first; texts as SafeText cuts them.
 */
import { useState } from "react";
import { byteSize } from "../time.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { visibleText } from "../visible-text.ts";
import { CodeView } from "./code-view.tsx";
import { ImageBlock } from "./image-block.tsx";
import { isJson } from "./json-format.ts";
import { type Fields, textOf, toFields } from "./rpc-message.ts";

const blocksMax = 20;
const textMaxLength = 3_000;

export function ContentBlocks({ blocks, label }: { blocks: readonly Fields[]; label: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? blocks : blocks.slice(0, blocksMax);
  return (
    <ul aria-label={label} className="flex flex-col gap-2">
      {shown.map((block, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks have no name and keep their place
        <li key={at}>
          <ContentBlock block={block} />
        </li>
      ))}
      {shown.length < blocks.length && (
        <li>
          <Button size="sm" onClick={() => setAll(true)}>
            Show all {blocks.length}
          </Button>
        </li>
      )}
    </ul>
  );
}

function ContentBlock({ block }: { block: Fields }) {
  const type = textOf(block.type);
  const mediaType = textOf(block.mimeType);
  switch (type) {
    case "text":
      return <TextBlock text={textOf(block.text)} />;
    case "image":
      return <ImageBlock data={textOf(block.data)} claimed={mediaType} />;
    case "audio":
      return <Unshown what="Audio" mediaType={mediaType} base64={textOf(block.data)} />;
    case "resource":
      return <ResourceBlock resource={toFields(block.resource) ?? {}} />;
    case "resource_link":
      return <LinkBlock link={block} />;
    default:
      return (
        <CodeView
          label={type === "" ? "Block" : `Block of type ${visibleText(type.slice(0, 40))}`}
          text={JSON.stringify(block)}
        />
      );
  }
}

/** Long texts open bit by bit; JSON in a text is laid out. */
export function TextBlock({ text }: { text: string }) {
  const [maxLength, setMaxLength] = useState(textMaxLength);
  if (text.length < 1_000_000 && isJson(text))
    return <CodeView label="JSON in a text" text={text} />;
  return (
    <div className="group relative rounded-md border bg-surface p-3">
      <div className="absolute top-1 right-1 opacity-0 group-hover:opacity-100 focus-within:opacity-100">
        <CopyButton text={text} label="Copy text" />
      </div>
      {text === "" ? (
        <span className="text-faint">Empty text</span>
      ) : (
        <SafeText multiline maxLength={maxLength}>
          {text}
        </SafeText>
      )}
      {text.length > maxLength && (
        <div className="mt-2">
          <Button size="sm" onClick={() => setMaxLength(maxLength * 4)}>
            Show more of {byteSize(text.length)}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Also an entry of `contents[]`. */
export function ResourceBlock({ resource }: { resource: Fields }) {
  const mediaType = textOf(resource.mimeType);
  return (
    <Framed title="Resource" name={textOf(resource.uri)} mediaType={mediaType}>
      {typeof resource.text === "string" && <TextBlock text={resource.text} />}
      {typeof resource.blob === "string" && <ImageBlock data={resource.blob} claimed={mediaType} />}
    </Framed>
  );
}

function LinkBlock({ link }: { link: Fields }) {
  return (
    <Framed title="Resource link" name={textOf(link.uri)} mediaType={textOf(link.mimeType)}>
      <SafeText className="font-medium">{textOf(link.title) || textOf(link.name)}</SafeText>
      <SafeText multiline className="text-muted">
        {textOf(link.description)}
      </SafeText>
    </Framed>
  );
}

interface FramedProps {
  readonly title: string;
  readonly name: string;
  readonly mediaType: string;
  readonly children: React.ReactNode;
}

function Framed({ title, name, mediaType, children }: FramedProps) {
  return (
    <div className="flex flex-col gap-2 rounded-md border bg-surface p-3">
      <div className="flex min-w-0 flex-wrap items-center gap-2">
        <Badge>{title}</Badge>
        <span className="min-w-0 truncate font-mono text-sm">
          <SafeText maxLength={400}>{name}</SafeText>
        </span>
        <CopyButton text={name} label="Copy address" />
        <span className="text-sm text-muted">
          <SafeText maxLength={100}>{mediaType}</SafeText>
        </span>
      </div>
      {children}
    </div>
  );
}

interface UnshownProps {
  readonly what: string;
  readonly mediaType: string;
  readonly base64: string;
}

/** Bytes that are not played or drawn. */
export function Unshown({ what, mediaType, base64 }: UnshownProps) {
  return (
    <div className="flex items-center gap-2 rounded-md border bg-surface p-3 text-muted">
      <Badge>{what}</Badge>
      <SafeText maxLength={100}>{mediaType}</SafeText>
      <span>{byteSize(Math.floor((base64.length * 3) / 4))}, not shown</span>
    </div>
  );
}
