/** Bodies as a list shows them: whole, or cut between two characters. */

export function bodyPreview(body: string, maxLength = Infinity): string {
  if (body.length <= maxLength) return body;
  const lastUnit = body.charCodeAt(maxLength - 1);
  const halves = lastUnit >= 0xd800 && lastUnit <= 0xdbff;
  return body.slice(0, halves ? maxLength + 1 : maxLength);
}
