/**
 * Header fields that repeat what the body says (2026-07-28): `Mcp-Method`, `Mcp-Name` and
 * `MCP-Protocol-Version`. They are for those who route without reading bodies; the upstream must refuse
 * what disagrees, the log says so. `Mcp-Param-*` mirrors arguments by a schema that is not known here.
 */
import { asRecord, type NotificationMessage, type RequestMessage } from "../message.ts";
import { statedVersion } from "./client-facts.ts";

type Fields = ReadonlyMap<string, string>;

/** From this revision on requests are stateless and mirrored; revisions are dates. */
const modernVersion = "2026-07-28";

/**
 * Names of the fields that disagree with the message, or that a modern request lacks. A field whose
 * counterpart the message does not have disagrees with nothing, but for the version of a modern request.
 */
export function findMismatches(
  message: RequestMessage | NotificationMessage,
  fields: Fields,
): readonly string[] {
  const stated = statedVersion(message.params);
  const isModern =
    message.kind === "request" && (isModernVersion(stated) || isModernVersion(versionOf(fields)));
  const mirrored = [
    ["mcp-method", message.method],
    ["mcp-name", nameOf(message.method, message.params)],
    ["mcp-protocol-version", stated === "" && !isModern ? undefined : stated],
  ] as const;
  return mirrored.flatMap(([name, expected]) => {
    if (expected === undefined) return [];
    const value = fields.get(name);
    const agrees = value === undefined ? !isModern : decodeValue(value) === expected;
    return agrees ? [] : [name];
  });
}

/** What a modern request says of itself for those who cannot read its body; undefined when it may be of another revision. */
export function findMirrored(fields: Fields) {
  const method = fields.get("mcp-method");
  if (method === undefined || !isModernVersion(versionOf(fields))) return undefined;
  return { method: decodeValue(method), name: decodeValue(fields.get("mcp-name") ?? "") };
}

/** The tool, prompt, resource or task that a message is about; undefined when it names none. */
export function nameOf(method: string, params: unknown): string | undefined {
  const member = namingMembers.get(method);
  const name = member === undefined ? undefined : asRecord(params)?.[member];
  return typeof name === "string" ? name : undefined;
}

const namingMembers: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
]);

function versionOf(fields: Fields): string {
  return fields.get("mcp-protocol-version") ?? "";
}

function isModernVersion(version: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= modernVersion;
}

/** Values that no header field may hold are sent as `=?base64?…?=`; the marks are case-sensitive. */
function decodeValue(value: string): string {
  const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value)?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, "base64").toString();
}
