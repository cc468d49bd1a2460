/** The client's header fields, what was redacted and what disagrees with the body marked as such. */
import type { WireCall } from "../../src/api/wire.ts";
import { Badge } from "../ui/badge.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { SafeText } from "../ui/safe-text.tsx";

const redacted = /(\[redacted:[a-z0-9_-]{1,40}(?::[0-9a-f]{8})?\])/;

export function HeadersView({ call }: { call: WireCall }) {
  const fields = Object.entries(call.headers ?? {});
  if (fields.length === 0) {
    return (
      <EmptyState icon="calls" title="No header fields">
        The log holds none of this call, or you may not see them.
      </EmptyState>
    );
  }
  return (
    <div className="p-4">
      <table className="w-full border-collapse text-left" aria-label="Header fields">
        <thead className="sr-only">
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(([name, value]) => (
            <tr key={name} className="border-b align-top last:border-0">
              <th
                scope="row"
                className="w-2/5 max-w-60 py-1.5 pr-4 font-mono text-sm font-normal break-words text-muted"
              >
                <SafeText maxLength={200}>{name}</SafeText>
                {call.header_mismatches.includes(name) && (
                  <Badge tone="timeout">disagrees with the body</Badge>
                )}
              </th>
              <td className="py-1.5 font-mono text-sm break-all">
                <RedactedText text={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RedactedText({ text }: { text: string }) {
  return text
    .slice(0, 8_000)
    .split(redacted)
    .map((part, at) =>
      redacted.test(part) ? (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text keep their place
        <Badge key={at} tone="timeout">
          {part.slice(1, -1)}
        </Badge>
      ) : (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text keep their place
        <SafeText key={at} maxLength={4_000}>
          {part}
        </SafeText>
      ),
    );
}
