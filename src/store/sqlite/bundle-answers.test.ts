import { expect, test } from "vitest";
import { BundleAnswers } from "./bundle-answers.ts";
import type { Bundle } from "./bundles.ts";

const bundle = (number: number, changes: Partial<Bundle> = {}): Bundle => ({
  name: `${number}`,
  endSeq: 100,
  segments: 3,
  newestId: 30,
  firstSeq: 0,
  lastSeq: 99,
  minStartedMs: 0,
  maxStartedMs: 99,
  ...changes,
});

test("an answer is remembered for as long as the bundle has the same segments", () => {
  const answers = new BundleAnswers(10_000).to<string>("how many?");
  answers.remember(bundle(7), "seven", 5);
  expect(answers.recall(bundle(7))).toBe("seven");
  expect(answers.recall(bundle(8))).toBeUndefined();
  expect(answers.recall(bundle(7, { segments: 2 }))).toBeUndefined();
  expect(answers.recall(bundle(7, { newestId: 31 }))).toBeUndefined();
  answers.remember(bundle(7, { newestId: 31 }), "more", 5);
  expect(answers.recall(bundle(7))).toBeUndefined();
  expect(answers.recall(bundle(7, { newestId: 31 }))).toBe("more");
});

test("one question's answers are not another's", () => {
  const known = new BundleAnswers(10_000);
  known.to<string>("how many?").remember(bundle(7), "seven", 5);
  expect(known.to<string>("when?").recall(bundle(7))).toBeUndefined();
});

test("of more than there is room for the question goes that was asked longest ago", () => {
  const known = new BundleAnswers(10_000);
  for (const question of ["a", "b", "c"])
    known.to<string>(question).remember(bundle(1), question, 2_500);
  // Asked again, though nothing was new.
  expect(known.to<string>("a").recall(bundle(1))).toBe("a");
  known.to<string>("d").remember(bundle(1), "d", 2_500);
  expect(known.to<string>("b").recall(bundle(1))).toBeUndefined();
  for (const question of ["a", "c", "d"])
    expect(known.to<string>(question).recall(bundle(1))).toBe(question);
});

test("a question that does not fit is remembered as far as it fits, and new answers take the place of old ones", () => {
  const answers = new BundleAnswers(10_000).to<number>("how many?");
  for (let turn = 0; turn < 50; turn++)
    for (let number = 0; number < 20; number++)
      answers.remember(bundle(number, { newestId: turn }), number, 1_000);
  const kept = Array.from({ length: 20 }, (_, number) =>
    answers.recall(bundle(number, { newestId: 49 })),
  );
  expect(kept.filter((answer) => answer !== undefined)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("an answer larger than all the room is not remembered, and the next one is", () => {
  const answers = new BundleAnswers(10_000).to<string>("how many?");
  answers.remember(bundle(1), "large", 20_000);
  expect(answers.recall(bundle(1))).toBeUndefined();
  answers.remember(bundle(2), "small", 20);
  expect(answers.recall(bundle(2))).toBe("small");
});
