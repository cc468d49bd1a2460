/** A person. Users belong to teams; everything else belongs to one team. */
import { invalid } from "./problem.ts";

export const emailMaxLength = 254;
export const passwordMinLength = 12;
/** Bounds what one attempt to sign in costs to hash. */
export const passwordMaxLength = 200;

export interface User {
  readonly id: string;
  /** As `parseEmail` gives it; unique. */
  readonly email: string;
  readonly createdAtMs: number;
}

/**
 * The address in lower case: nobody tells two people apart by its case. Whether it receives mail is
 * nowhere checked, so only what cannot be one is refused.
 *
 * @throws Problem `validation_error` — no local part, no domain, blanks, control characters, too long.
 */
export function parseEmail(text: string): string {
  const email = text.trim().toLowerCase();
  if (email.length > emailMaxLength) {
    const message = `is ${email.length} characters long, the limit is ${emailMaxLength}`;
    throw invalid({ field: "email", message });
  }
  if (!/^[^\s@\p{Cc}\p{Cf}]+@[^\s@\p{Cc}\p{Cf}]+$/u.test(email) || !email.isWellFormed()) {
    throw invalid({ field: "email", message: 'must be an address such as "ada@example.com"' });
  }
  return email;
}

/** @throws Problem `validation_error` — about `field`: too short, or too long to be hashed. */
export function checkNewPassword(text: string, field = "password"): void {
  const { length } = [...text];
  if (length < passwordMinLength) {
    const message = `is ${length} characters long, at least ${passwordMinLength} are needed`;
    throw invalid({ field, message });
  }
  if (text.length > passwordMaxLength) {
    const message = `is ${text.length} characters long, the limit is ${passwordMaxLength}`;
    throw invalid({ field, message });
  }
}
