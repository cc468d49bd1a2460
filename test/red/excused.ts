/** Tests that docs/security.md cites and that cannot fail by a break of the product, each with the reason. */
import type { Citation } from "./cited.ts";

export interface Excuse extends Pick<Citation, "file" | "title"> {
  readonly reason: string;
}

export const excused: readonly Excuse[] = [
  {
    file: "test/linear-patterns.test.ts",
    title: "what does is noticed",
    reason: "it shows itself that the check beside it can fail",
  },
];
