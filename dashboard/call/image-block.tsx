/**
 * A picture from a server: only what its first bytes prove to be made of points, out of this page's own memory.
 *
 * In: Base64 from the wire and the type it claims. Out: the picture, or what kept it from being shown. Bounds: `imageMaxBytes`.
 */
import { useEffect, useState } from "react";
import { byteSize } from "../time.ts";
import { Badge } from "../ui/badge.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { decodeBase64, rasterTypeOf } from "./magic-bytes.ts";

const imageMaxBytes = 5_242_880;

type Seen =
  | {
      readonly kind: "picture";
      readonly url: string;
      readonly type: string;
      readonly bytes: number;
    }
  | { readonly kind: "hidden"; readonly why: string };

export function ImageBlock({ data, claimed }: { data: string; claimed: string }) {
  const [seen, setSeen] = useState<Seen>();
  useEffect(() => {
    const next = look(data);
    setSeen(next);
    return () => {
      if (next.kind === "picture") URL.revokeObjectURL(next.url);
    };
  }, [data]);
  if (!seen) return null;
  return (
    <figure className="flex flex-col gap-2 rounded-md border bg-surface p-3">
      {seen.kind === "picture" && (
        <img
          src={seen.url}
          alt="Content of the answer"
          className="max-h-96 max-w-full self-start rounded-sm bg-sunken object-contain"
        />
      )}
      <figcaption className="flex flex-wrap items-center gap-2 text-sm text-muted">
        <Badge>{seen.kind === "picture" ? seen.type : "Not shown"}</Badge>
        {seen.kind === "picture" ? byteSize(seen.bytes) : seen.why}
        {claimed !== "" && (seen.kind === "hidden" || seen.type !== claimed) && (
          <span>
            It says it is <SafeText maxLength={100}>{claimed}</SafeText>
          </span>
        )}
      </figcaption>
    </figure>
  );
}

function look(data: string): Seen {
  if (data.length > (imageMaxBytes * 4) / 3) {
    return { kind: "hidden", why: `larger than ${byteSize(imageMaxBytes)}` };
  }
  const bytes = decodeBase64(data);
  if (!bytes)
    return { kind: "hidden", why: "not whole: the log keeps only the beginning of large bodies" };
  const type = rasterTypeOf(bytes);
  if (type === undefined) {
    return {
      kind: "hidden",
      why: `${byteSize(bytes.length)} that are no PNG, JPEG, GIF, WebP or AVIF`,
    };
  }
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  return { kind: "picture", url, type, bytes: bytes.length };
}
