/** Header fields as Node reports them: names and values alternating, in the case they had. */

/** The first field of that name (lower case), "" without one. */
export function findField(rawHeaders: readonly string[], name: string): string {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const candidate = rawHeaders[at];
    if (candidate?.length === name.length && candidate.toLowerCase() === name) {
      return rawHeaders[at + 1] ?? "";
    }
  }
  return "";
}

/** Names in lower case, repeated fields joined with ", " in order of arrival. */
export function toFields(rawHeaders: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    const value = rawHeaders[at + 1] ?? "";
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

/** An encoded stream is no use in parts: it is treated as any other body. */
export function isPlainEventStream(rawHeaders: readonly string[]): boolean {
  const contentType = findField(rawHeaders, "content-type");
  if (!contentType.toLowerCase().startsWith("text/event-stream")) return false;
  const encoding = findField(rawHeaders, "content-encoding");
  return encoding === "" || encoding === "identity";
}
