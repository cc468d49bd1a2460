/**
 * Who calls, in which revision and under which trace: what requests say about themselves.
 *
 * Legacy clients say it once, in `initialize`; modern ones (2026-07-28) with each request, in
 * `params._meta`. Foreign values: anything of another shape is as good as absent.
 */

import { asRecord, type RequestMessage } from "../message.ts";
import { detach } from "./detach.ts";

export interface ClientFacts {
  readonly name: string;
  readonly version: string;
  readonly protocolVersion: string;
}

export const unknownClient: ClientFacts = { name: "", version: "", protocolVersion: "" };

const factMaxLength = 200;

/** What the request says of its client; undefined when it says nothing. */
export function findClientFacts(request: Pick<RequestMessage, "method" | "params">) {
  const params = asRecord(request.params);
  if (!params) return undefined;
  if (request.method === "initialize") return toFacts(params.clientInfo, params.protocolVersion);
  const meta = asRecord(params._meta);
  if (!meta) return undefined;
  const client = meta["io.modelcontextprotocol/clientInfo"];
  const protocolVersion = meta["io.modelcontextprotocol/protocolVersion"];
  if (client === undefined && protocolVersion === undefined) return undefined;
  return toFacts(client, protocolVersion);
}

/** The revision that `params._meta` names (2026-07-28), "" without one. */
export function statedVersion(params: unknown): string {
  return toFact(asRecord(asRecord(params)?._meta)?.["io.modelcontextprotocol/protocolVersion"]);
}

/** The revision an answer to `initialize` settles on, "" when it names none. */
export function negotiatedVersion(result: unknown): string {
  return toFact(asRecord(result)?.protocolVersion);
}

/** The trace id of `params._meta.traceparent` (SEP-414), "" without one. */
export function traceOf(params: unknown): string {
  return toTraceId(asRecord(asRecord(params)?._meta)?.traceparent);
}

/** https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
export function toTraceId(traceparent: unknown): string {
  if (typeof traceparent !== "string") return "";
  const traceId = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent)?.[1];
  return traceId === undefined || /^0+$/.test(traceId) ? "" : traceId;
}

/** `params._meta.progressToken` as JSON text, "" without one. */
export function progressTokenOf(params: unknown): string {
  return toIdText(asRecord(asRecord(params)?._meta)?.progressToken);
}

/** An id or token as JSON text, so that 1 and "1" stay apart; "" for anything else. */
export function toIdText(id: unknown): string {
  return typeof id === "string" || typeof id === "number" ? JSON.stringify(id) : "";
}

function toFacts(client: unknown, protocolVersion: unknown): ClientFacts {
  const { name, version } = asRecord(client) ?? {};
  return {
    name: toFact(name),
    version: toFact(version),
    protocolVersion: toFact(protocolVersion),
  };
}

function toFact(value: unknown): string {
  return typeof value === "string" ? detach(value.slice(0, factMaxLength)) : "";
}
