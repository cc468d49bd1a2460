/** The fields of a server that people set, for a new one and for one that is there. */
import type { WireServer } from "../../src/api/wire-servers.ts";
import type { Problem } from "../problem.ts";
import { FieldFrame, TextField } from "../ui/field.tsx";
import { Select } from "../ui/select.tsx";

export interface ServerFields {
  readonly name: string;
  readonly targetUrl: string;
  readonly captureLevel: WireServer["capture_level"];
  /** Seconds, as typed; empty: as the host is set. */
  readonly idleTimeout: string;
}

export interface ServerFormProps {
  readonly fields: ServerFields;
  readonly onChange: (fields: ServerFields) => void;
  readonly problem: Problem | undefined;
  readonly canReroute: boolean;
}

export const captureLevelTexts: Record<
  WireServer["capture_level"],
  { label: string; hint: string }
> = {
  off: { label: "Off", hint: "No call is recorded; how many passed is counted." },
  metadata: {
    label: "Metadata",
    hint: "Which calls there were, how long they took and how they ended, without anything that was said.",
  },
  redacted: {
    label: "Redacted",
    hint: "Everything, with secrets replaced before anything is stored.",
  },
  full: {
    label: "Full",
    hint: "Everything as it was, secrets in bodies too. Credentials in header fields are never stored.",
  },
};

const levels = (["off", "metadata", "redacted", "full"] as const).map((value) => ({
  value,
  label: captureLevelTexts[value].label,
}));

export function ServerForm({ fields, onChange, problem, canReroute }: ServerFormProps) {
  return (
    <div className="flex flex-col gap-4">
      <TextField
        label="Name"
        value={fields.name}
        maxLength={200}
        error={problem?.of("name")}
        required
        onChange={(event) => onChange({ ...fields, name: event.target.value })}
      />
      <TextField
        label="MCP URL"
        type="url"
        inputMode="url"
        value={fields.targetUrl}
        error={problem?.of("target_url")}
        hint={
          canReroute
            ? "Where calls are forwarded to. Agents keep their proxy URL when it changes."
            : "Only an admin may change where calls are forwarded to."
        }
        disabled={!canReroute}
        required
        onChange={(event) => onChange({ ...fields, targetUrl: event.target.value })}
      />
      <FieldFrame
        label="What is recorded"
        hint={captureLevelTexts[fields.captureLevel].hint}
        error={problem?.of("capture_level")}
      >
        {({ id }) => (
          <Select
            id={id}
            value={fields.captureLevel}
            options={levels}
            onChange={(captureLevel) => onChange({ ...fields, captureLevel })}
          />
        )}
      </FieldFrame>
      <TextField
        label="Longest silence, seconds"
        inputMode="decimal"
        placeholder="As this host is set"
        value={fields.idleTimeout}
        error={problem?.of("upstream_idle_timeout_ms")}
        hint="A call that hears nothing from the server for so long ends as a timeout."
        onChange={(event) => onChange({ ...fields, idleTimeout: event.target.value })}
      />
    </div>
  );
}

export function fieldsOf(server: WireServer): ServerFields {
  const { upstream_idle_timeout_ms: idleMs } = server;
  return {
    name: server.name,
    targetUrl: server.target_url,
    captureLevel: server.capture_level,
    idleTimeout: idleMs === null ? "" : String(idleMs / 1_000),
  };
}

/** Milliseconds; null for nothing, NaN for what is no number, which the API refuses by name. */
export function idleTimeoutMs(text: string): number | null {
  if (text.trim() === "") return null;
  return Math.round(Number(text.trim().replace(",", ".")) * 1_000);
}
