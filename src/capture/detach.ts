/**
 * A copy of a text that keeps nothing else alive.
 *
 * V8 makes a slice of a text a view of it, so that a name of 20 characters kept in a map holds the body of
 * a megabyte that it was found in. What outlives its body goes through here.
 */
export function detach(text: string): string {
  const copy = Buffer.from(text, "latin1").toString("latin1");
  // Characters beyond Latin-1, halves of characters included.
  return copy === text ? copy : Buffer.from(text, "utf16le").toString("utf16le");
}
