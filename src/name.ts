/** Names that people give to things. */
import { invalid } from "./problem.ts";

/** The name without surrounding white space. @throws Problem `validation_error` — empty, too long or not printable. */
export function parseName(text: string, maxLength: number): string {
  const name = text.trim();
  const refuse = (message: string) => invalid({ field: "name", message });
  if (name.length === 0) throw refuse("must not be empty");
  if (name.length > maxLength) {
    throw refuse(`is ${name.length} characters long, the limit is ${maxLength}`);
  }
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    throw refuse("must not contain control characters or halves of characters");
  }
  return name;
}
