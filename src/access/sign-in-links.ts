/** Links that sign a user in, once and within a day: for who has no password yet, or has forgotten it. */
import type { Registry } from "../store/registry.ts";
import { digestOf, newSecretText } from "./secret-text.ts";

export const signInLinkMaxAgeMs = 24 * 3_600_000;

/** The URL to open. The secret lies behind the `#`, which browsers send to nobody and put into no log. */
export async function newSignInLink(
  registry: Pick<Registry, "addSignInLink">,
  publicUrl: string,
  userId: string,
  nowMs: number,
): Promise<string> {
  const token = newSecretText("link");
  await registry.addSignInLink(digestOf(token), userId, nowMs + signInLinkMaxAgeMs);
  return `${publicUrl}/sign-in#token=${token}`;
}
