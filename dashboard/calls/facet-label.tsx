/** How a value of a filter is shown to people: a server by its name, nothing at all by what that means. */
import type { ReactNode } from "react";
import { useServersById } from "../servers/servers-query.ts";
import { type Status, StatusMark } from "../ui/badge.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { visibleText } from "../visible-text.ts";
import type { ValueField } from "./call-filter.ts";

export interface FacetLabel {
  readonly shown: ReactNode;
  /** For labels of controls. */
  readonly text: string;
}

const words: Readonly<Partial<Record<ValueField, Readonly<Record<string, string>>>>> = {
  status: { success: "Success", error: "Error", timeout: "Timeout" },
  error_kind: {
    "": "No error",
    http: "HTTP error",
    jsonrpc: "Protocol error",
    tool: "Tool error",
    transport: "Broken connection",
    timeout: "Timeout",
    cancelled: "Cancelled",
    policy: "Policy",
  },
  kind: { request: "Request", notification: "Notification", http: "Not JSON-RPC" },
  direction: { client: "The client", server: "The server" },
  tool_name: { "": "No tool" },
  client_name: { "": "Unnamed client" },
  session_id: { "": "No session" },
  method: { "": "No method" },
};

/** Sessions are named by digests, of which the beginning will do. */
const sessionLength = 12;

/** @param serverName of the server, for the filter by server. */
export function facetText(field: ValueField, value: string, serverName?: string): string {
  const known = words[field];
  const word = known && Object.hasOwn(known, value) ? known[value] : undefined;
  if (serverName !== undefined) return serverName;
  return word ?? (field === "session_id" ? value.slice(0, sessionLength) : value);
}

export function useFacetLabel(field: ValueField, value: string): FacetLabel {
  const server = useServersById().get(value);
  const text = facetText(field, value, field === "server_id" ? server?.name : undefined);
  if (field === "status" && isStatus(value)) {
    return {
      text,
      shown: (
        <span className="flex items-center gap-2">
          <span aria-hidden="true" className="flex">
            <StatusMark status={value} />
          </span>
          {text}
        </span>
      ),
    };
  }
  return {
    text: visibleText(text).slice(0, 120),
    shown: <SafeText maxLength={120}>{text}</SafeText>,
  };
}

function isStatus(value: string): value is Status {
  return value === "success" || value === "error" || value === "timeout";
}
