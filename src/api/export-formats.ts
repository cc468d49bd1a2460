/** The forms that calls are exported in: the text before, of, between and after them. */
import type { Call, CallSummary } from "../call.ts";
import type { Caller } from "../caller.ts";
import { csvHead, csvLine } from "./csv.ts";
import { harEntry, harHead, harTail } from "./har.ts";
import { previewFor, toWireCall, toWireMessage, viewFor } from "./to-wire-call.ts";
import type { WireCall } from "./wire.ts";

export const exportFormats = ["ndjson", "csv", "har"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface Form {
  readonly contentType: string;
  /** Whether it shows bodies whole, or cut as lists do. */
  readonly wholeBodies: boolean;
  readonly head: string;
  row(call: CallSummary | Call): string;
  readonly between: string;
  readonly tail: string;
}

export interface FormContext {
  readonly version: string;
  /** Who will read it. */
  readonly caller: Pick<Caller, "scopes">;
  /** Of a server's id. */
  readonly targetUrl: (serverId: string) => string | undefined;
  /** Whether calls that come with their transcript are shown with it, if there is a place for it. */
  readonly withMessages: boolean;
}

export const contentTypes: Readonly<Record<ExportFormat, string>> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
  har: "application/json; charset=utf-8",
};

export function exportForm(
  format: ExportFormat,
  { version, targetUrl, withMessages, caller }: FormContext,
): Form {
  const contentType = contentTypes[format];
  switch (format) {
    case "ndjson": {
      const view = viewFor(caller);
      return {
        ...plain,
        contentType,
        wholeBodies: true,
        row: (call) =>
          ndjsonLine(view(call), withMessages && "messages" in call ? call : undefined),
      };
    }
    case "csv": {
      const preview = previewFor(caller);
      return {
        ...plain,
        ...{ contentType, wholeBodies: false, head: csvHead },
        row: (call) => csvLine(preview(call)),
      };
    }
    case "har":
      return {
        ...{ contentType, wholeBodies: true },
        ...{ head: harHead(version), between: ",\n", tail: harTail },
        row: (call) => harEntry(toWireCall(call), targetUrl(call.serverId)),
      };
  }
}

const plain = { head: "", between: "", tail: "" };

/** The call as its own address shows it, with its transcript if there shall be one. */
function ndjsonLine(call: WireCall, transcript: Pick<Call, "messages"> | undefined): string {
  const messages = transcript && { messages: transcript.messages.map(toWireMessage) };
  return `${JSON.stringify({ ...call, ...messages })}\n`;
}
